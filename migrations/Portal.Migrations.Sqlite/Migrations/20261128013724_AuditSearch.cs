using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Portal.Migrations.Sqlite.Migrations
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
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    OwnerTenantId = table.Column<Guid>(type: "TEXT", nullable: false),
                    OwnerObjectId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", maxLength: 80, nullable: false),
                    Content = table.Column<string>(type: "TEXT", nullable: false),
                    SavedAt = table.Column<DateTime>(type: "TEXT", nullable: false)
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

            migrationBuilder.Sql(SqliteAuditIndex.Up);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(SqliteAuditIndex.Down);

            migrationBuilder.DropTable(
                name: "SavedAuditFilters");
        }
    }
}
