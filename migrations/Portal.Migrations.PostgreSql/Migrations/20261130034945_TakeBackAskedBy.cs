using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Portal.Migrations.PostgreSql.Migrations
{
    /// <inheritdoc />
    public partial class TakeBackAskedBy : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "TakeBackAskedBy",
                table: "AccessPauses",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "TakeBackAskedByObjectId",
                table: "AccessPauses",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "TakeBackAskedByTenantId",
                table: "AccessPauses",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "TakeBackReason",
                table: "AccessPauses",
                type: "character varying(500)",
                maxLength: 500,
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "TakeBackAskedBy",
                table: "AccessPauses");

            migrationBuilder.DropColumn(
                name: "TakeBackAskedByObjectId",
                table: "AccessPauses");

            migrationBuilder.DropColumn(
                name: "TakeBackAskedByTenantId",
                table: "AccessPauses");

            migrationBuilder.DropColumn(
                name: "TakeBackReason",
                table: "AccessPauses");
        }
    }
}
