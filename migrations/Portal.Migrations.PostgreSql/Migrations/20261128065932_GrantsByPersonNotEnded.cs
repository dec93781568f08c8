using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Portal.Migrations.PostgreSql.Migrations
{
    /// <inheritdoc />
    public partial class GrantsByPersonNotEnded : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Grants_MineNotEnded",
                table: "Grants");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_MineNotEnded",
                table: "Grants",
                columns: new[] { "PrincipalObjectId", "PrincipalTenantId", "Id" },
                filter: "\"State\" <> 'Ended'");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Grants_MineNotEnded",
                table: "Grants");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_MineNotEnded",
                table: "Grants",
                columns: new[] { "PrincipalObjectId", "Id" },
                filter: "\"State\" <> 'Ended'");
        }
    }
}
