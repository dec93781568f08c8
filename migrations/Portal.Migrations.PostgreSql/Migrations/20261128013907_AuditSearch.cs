using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Portal.Migrations.PostgreSql.Migrations
{
    /// <inheritdoc />
    public partial class AuditSearch : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "SavedAuditFilters",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    OwnerTenantId = table.Column<Guid>(type: "uuid", nullable: false),
                    OwnerObjectId = table.Column<Guid>(type: "uuid", nullable: false),
                    Name = table.Column<string>(type: "character varying(80)", maxLength: 80, nullable: false),
                    Content = table.Column<string>(type: "text", nullable: false),
                    SavedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_SavedAuditFilters", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_SavedAuditFilters_OwnerTenantId_OwnerObjectId_Name",
                table: "SavedAuditFilters",
                columns: new[] { "OwnerTenantId", "OwnerObjectId", "Name" },
                unique: true);

            migrationBuilder.Sql(PostgreSqlAuditSearch.Up);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(PostgreSqlAuditSearch.Down);

            migrationBuilder.DropTable(
                name: "SavedAuditFilters");
        }
    }
}
