using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Portal.Migrations.PostgreSql.Migrations
{
    /// <inheritdoc />
    public partial class SealedLog : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "OnBehalfOfName",
                table: "AuditEvents",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "OnBehalfOfTenantId",
                table: "AuditEvents",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "ProviderCorrelationId",
                table: "AuditEvents",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "AuditCheckpoints",
                columns: table => new
                {
                    Size = table.Column<long>(type: "bigint", nullable: false),
                    Time = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    Note = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AuditCheckpoints", x => x.Size);
                });

            migrationBuilder.CreateTable(
                name: "AuditKeys",
                columns: table => new
                {
                    Vkey = table.Column<string>(type: "character varying(400)", maxLength: 400, nullable: false),
                    Since = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    Until = table.Column<DateTime>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AuditKeys", x => x.Vkey);
                });

            migrationBuilder.CreateTable(
                name: "AuditLeaves",
                columns: table => new
                {
                    Position = table.Column<long>(type: "bigint", nullable: false),
                    EventId = table.Column<Guid>(type: "uuid", nullable: false),
                    FieldDigests = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AuditLeaves", x => x.Position);
                });

            migrationBuilder.CreateTable(
                name: "AuditSealers",
                columns: table => new
                {
                    Id = table.Column<int>(type: "integer", nullable: false),
                    Holder = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: true),
                    Until = table.Column<DateTime>(type: "timestamp with time zone", nullable: true),
                    Fence = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AuditSealers", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "AuditTiles",
                columns: table => new
                {
                    Level = table.Column<int>(type: "integer", nullable: false),
                    Index = table.Column<long>(type: "bigint", nullable: false),
                    Hashes = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AuditTiles", x => new { x.Level, x.Index });
                });

            migrationBuilder.CreateTable(
                name: "PendingSeals",
                columns: table => new
                {
                    Since = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    EventId = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_PendingSeals", x => new { x.Since, x.EventId });
                });

            migrationBuilder.InsertData(
                table: "AuditSealers",
                columns: new[] { "Id", "Fence", "Holder", "Until" },
                values: new object[] { 1, 0L, null, null });

            migrationBuilder.CreateIndex(
                name: "IX_AuditLeaves_EventId",
                table: "AuditLeaves",
                column: "EventId",
                unique: true);

            // What was recorded before there was a log gets its place in it too.
            migrationBuilder.Sql("""INSERT INTO "PendingSeals" ("Since", "EventId") SELECT "At", "EventId" FROM "AuditEvents" """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "AuditCheckpoints");

            migrationBuilder.DropTable(
                name: "AuditKeys");

            migrationBuilder.DropTable(
                name: "AuditLeaves");

            migrationBuilder.DropTable(
                name: "AuditSealers");

            migrationBuilder.DropTable(
                name: "AuditTiles");

            migrationBuilder.DropTable(
                name: "PendingSeals");

            migrationBuilder.DropColumn(
                name: "OnBehalfOfName",
                table: "AuditEvents");

            migrationBuilder.DropColumn(
                name: "OnBehalfOfTenantId",
                table: "AuditEvents");

            migrationBuilder.DropColumn(
                name: "ProviderCorrelationId",
                table: "AuditEvents");
        }
    }
}
