using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Portal.Migrations.Sqlite.Migrations
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "AccessPauses",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    Target = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    TargetKey = table.Column<string>(type: "TEXT", maxLength: 1100, nullable: false),
                    PrincipalTenantId = table.Column<Guid>(type: "TEXT", nullable: true),
                    PrincipalObjectId = table.Column<Guid>(type: "TEXT", nullable: true),
                    PrincipalName = table.Column<string>(type: "TEXT", nullable: true),
                    Scope = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: true),
                    VaultName = table.Column<string>(type: "TEXT", nullable: true),
                    SecretName = table.Column<string>(type: "TEXT", nullable: true),
                    Reason = table.Column<string>(type: "TEXT", maxLength: 500, nullable: false),
                    PausedBy = table.Column<string>(type: "TEXT", nullable: false),
                    PausedByTenantId = table.Column<Guid>(type: "TEXT", nullable: true),
                    PausedByObjectId = table.Column<Guid>(type: "TEXT", nullable: true),
                    PausedAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    TakeBackAskedAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    TakeBackDoneAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    LiftedAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    LiftedBy = table.Column<string>(type: "TEXT", nullable: true),
                    Revision = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AccessPauses", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "AccessPolicies",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", maxLength: 100, nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false),
                    Rank = table.Column<int>(type: "INTEGER", nullable: false),
                    DefinitionJson = table.Column<string>(type: "TEXT", nullable: false),
                    EffectiveFrom = table.Column<DateTime>(type: "TEXT", nullable: false),
                    RetiredAt = table.Column<DateTime>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AccessPolicies", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "AccessRequests",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    Reference = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    SubmissionKey = table.Column<Guid>(type: "TEXT", nullable: false),
                    State = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    RequesterTenantId = table.Column<Guid>(type: "TEXT", nullable: false),
                    RequesterObjectId = table.Column<Guid>(type: "TEXT", nullable: false),
                    RequesterName = table.Column<string>(type: "TEXT", nullable: false),
                    RequesterUpn = table.Column<string>(type: "TEXT", nullable: true),
                    Scope = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: false),
                    VaultName = table.Column<string>(type: "TEXT", nullable: false),
                    SecretName = table.Column<string>(type: "TEXT", nullable: true),
                    RoleDefinitionId = table.Column<Guid>(type: "TEXT", nullable: false),
                    RoleName = table.Column<string>(type: "TEXT", nullable: false),
                    WindowStart = table.Column<DateTime>(type: "TEXT", nullable: true),
                    Duration = table.Column<long>(type: "INTEGER", nullable: false),
                    Justification = table.Column<string>(type: "TEXT", maxLength: 10000, nullable: false),
                    Ticket = table.Column<string>(type: "TEXT", maxLength: 100, nullable: true),
                    PolicyId = table.Column<Guid>(type: "TEXT", nullable: false),
                    PolicyName = table.Column<string>(type: "TEXT", nullable: false),
                    PolicyVersion = table.Column<int>(type: "INTEGER", nullable: false),
                    SubmittedAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    LapsesAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    SettledAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    Revision = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AccessRequests", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "AuditEvents",
                columns: table => new
                {
                    Sequence = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    EventId = table.Column<Guid>(type: "TEXT", nullable: false),
                    At = table.Column<DateTime>(type: "TEXT", nullable: false),
                    Code = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Outcome = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    ActorKind = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    ActorTenantId = table.Column<Guid>(type: "TEXT", nullable: true),
                    ActorObjectId = table.Column<Guid>(type: "TEXT", nullable: true),
                    ActorName = table.Column<string>(type: "TEXT", nullable: false),
                    ActorRoles = table.Column<string>(type: "TEXT", nullable: false),
                    OnBehalfOfObjectId = table.Column<Guid>(type: "TEXT", nullable: true),
                    SubjectTenantId = table.Column<Guid>(type: "TEXT", nullable: true),
                    SubjectObjectId = table.Column<Guid>(type: "TEXT", nullable: true),
                    SubjectName = table.Column<string>(type: "TEXT", nullable: true),
                    Scope = table.Column<string>(type: "TEXT", nullable: true),
                    VaultName = table.Column<string>(type: "TEXT", nullable: true),
                    SecretName = table.Column<string>(type: "TEXT", nullable: true),
                    RoleName = table.Column<string>(type: "TEXT", nullable: true),
                    RequestId = table.Column<Guid>(type: "TEXT", nullable: true),
                    RequestReference = table.Column<string>(type: "TEXT", nullable: true),
                    GrantId = table.Column<Guid>(type: "TEXT", nullable: true),
                    PolicyName = table.Column<string>(type: "TEXT", nullable: true),
                    PolicyVersion = table.Column<int>(type: "INTEGER", nullable: true),
                    Reason = table.Column<string>(type: "TEXT", nullable: true),
                    Comment = table.Column<string>(type: "TEXT", nullable: true),
                    ProviderRequestId = table.Column<string>(type: "TEXT", nullable: true),
                    WindowStart = table.Column<DateTime>(type: "TEXT", nullable: true),
                    WindowEnd = table.Column<DateTime>(type: "TEXT", nullable: true),
                    CorrelationId = table.Column<string>(type: "TEXT", nullable: false),
                    ClientAddress = table.Column<string>(type: "TEXT", nullable: true),
                    UserAgent = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AuditEvents", x => x.Sequence);
                });

            migrationBuilder.CreateTable(
                name: "DesiredAssignments",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    Provider = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    GroupId = table.Column<Guid>(type: "TEXT", nullable: true),
                    FreeSeenAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    Scope = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: false),
                    SubscriptionId = table.Column<string>(type: "TEXT", nullable: false),
                    PrincipalTenantId = table.Column<Guid>(type: "TEXT", nullable: false),
                    PrincipalObjectId = table.Column<Guid>(type: "TEXT", nullable: false),
                    PrincipalKind = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    RoleDefinitionId = table.Column<Guid>(type: "TEXT", nullable: false),
                    PrivilegeRank = table.Column<int>(type: "INTEGER", nullable: false),
                    WantedUntil = table.Column<DateTime>(type: "TEXT", nullable: true),
                    Observed = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    DescribedUntil = table.Column<DateTime>(type: "TEXT", nullable: true),
                    WrittenAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    SeenAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    WriteAgainAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    LookDueAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    LostCallAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    Intent = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    IntentAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    DueAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    DueToEnd = table.Column<bool>(type: "INTEGER", nullable: false),
                    LeaseUntil = table.Column<DateTime>(type: "TEXT", nullable: true),
                    Fence = table.Column<long>(type: "INTEGER", nullable: false),
                    Attempts = table.Column<int>(type: "INTEGER", nullable: false),
                    FailingSince = table.Column<DateTime>(type: "TEXT", nullable: true),
                    FaultCode = table.Column<string>(type: "TEXT", nullable: true),
                    FaultMessage = table.Column<string>(type: "TEXT", nullable: true),
                    Revision = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_DesiredAssignments", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Drifts",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    Kind = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    Code = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Action = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    AssignmentName = table.Column<Guid>(type: "TEXT", nullable: false),
                    Scope = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: false),
                    VaultScope = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: false),
                    VaultName = table.Column<string>(type: "TEXT", nullable: false),
                    SecretName = table.Column<string>(type: "TEXT", nullable: true),
                    PrincipalTenantId = table.Column<Guid>(type: "TEXT", nullable: false),
                    PrincipalObjectId = table.Column<Guid>(type: "TEXT", nullable: false),
                    PrincipalName = table.Column<string>(type: "TEXT", nullable: false),
                    RoleDefinitionId = table.Column<Guid>(type: "TEXT", nullable: false),
                    RoleName = table.Column<string>(type: "TEXT", nullable: false),
                    RequestReference = table.Column<string>(type: "TEXT", nullable: true),
                    Detail = table.Column<string>(type: "TEXT", maxLength: 2000, nullable: false),
                    FoundAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    ResolvedAt = table.Column<DateTime>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Drifts", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "People",
                columns: table => new
                {
                    TenantId = table.Column<Guid>(type: "TEXT", nullable: false),
                    ObjectId = table.Column<Guid>(type: "TEXT", nullable: false),
                    DisplayName = table.Column<string>(type: "TEXT", nullable: false),
                    UserPrincipalName = table.Column<string>(type: "TEXT", nullable: true),
                    SearchText = table.Column<string>(type: "TEXT", nullable: false),
                    SeenAt = table.Column<DateTime>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_People", x => new { x.TenantId, x.ObjectId });
                });

            migrationBuilder.CreateTable(
                name: "ReconciliationRuns",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    StartedAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    FinishedAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    AskedBy = table.Column<string>(type: "TEXT", nullable: true),
                    Vaults = table.Column<int>(type: "INTEGER", nullable: false),
                    FailedVaults = table.Column<int>(type: "INTEGER", nullable: false),
                    FailuresJson = table.Column<string>(type: "TEXT", nullable: false),
                    Missing = table.Column<int>(type: "INTEGER", nullable: false),
                    Unexpected = table.Column<int>(type: "INTEGER", nullable: false),
                    Altered = table.Column<int>(type: "INTEGER", nullable: false),
                    Resolved = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ReconciliationRuns", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "StoredKeys",
                columns: table => new
                {
                    Id = table.Column<int>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    Xml = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_StoredKeys", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Vaults",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    ArmId = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: false),
                    Name = table.Column<string>(type: "TEXT", maxLength: 256, nullable: false),
                    Location = table.Column<string>(type: "TEXT", nullable: false),
                    VaultUri = table.Column<string>(type: "TEXT", nullable: false),
                    Environment = table.Column<string>(type: "TEXT", nullable: false),
                    Owner = table.Column<string>(type: "TEXT", nullable: false),
                    TagsJson = table.Column<string>(type: "TEXT", nullable: false),
                    PermissionModel = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    DeleteLock = table.Column<string>(type: "TEXT", nullable: true),
                    Fingerprint = table.Column<string>(type: "TEXT", nullable: false),
                    SeenAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    GoneAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    ListingFault = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Vaults", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "ApprovalDecisions",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    RequestId = table.Column<Guid>(type: "TEXT", nullable: false),
                    ApproverTenantId = table.Column<Guid>(type: "TEXT", nullable: false),
                    ApproverObjectId = table.Column<Guid>(type: "TEXT", nullable: false),
                    ApproverName = table.Column<string>(type: "TEXT", nullable: false),
                    Verdict = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    Comment = table.Column<string>(type: "TEXT", maxLength: 10000, nullable: true),
                    DecidedAt = table.Column<DateTime>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ApprovalDecisions", x => x.Id);
                    table.ForeignKey(
                        name: "FK_ApprovalDecisions_AccessRequests_RequestId",
                        column: x => x.RequestId,
                        principalTable: "AccessRequests",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "Grants",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    RequestId = table.Column<Guid>(type: "TEXT", nullable: false),
                    RequestReference = table.Column<string>(type: "TEXT", nullable: false),
                    AssignmentId = table.Column<Guid>(type: "TEXT", nullable: false),
                    PrincipalTenantId = table.Column<Guid>(type: "TEXT", nullable: false),
                    PrincipalObjectId = table.Column<Guid>(type: "TEXT", nullable: false),
                    PrincipalName = table.Column<string>(type: "TEXT", nullable: false),
                    Scope = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: false),
                    VaultName = table.Column<string>(type: "TEXT", nullable: false),
                    SecretName = table.Column<string>(type: "TEXT", nullable: true),
                    RoleDefinitionId = table.Column<Guid>(type: "TEXT", nullable: false),
                    RoleName = table.Column<string>(type: "TEXT", nullable: false),
                    PolicyId = table.Column<Guid>(type: "TEXT", nullable: true),
                    VaultFingerprint = table.Column<string>(type: "TEXT", nullable: true),
                    ApproverTenantId = table.Column<Guid>(type: "TEXT", nullable: true),
                    ApproverObjectId = table.Column<Guid>(type: "TEXT", nullable: true),
                    ApproverName = table.Column<string>(type: "TEXT", nullable: true),
                    ApproverGroupId = table.Column<Guid>(type: "TEXT", nullable: true),
                    Provider = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    GroupId = table.Column<Guid>(type: "TEXT", nullable: true),
                    State = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    CreatedAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    StartsAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    EndsAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    ActivatedAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    SeenAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    EffectiveSince = table.Column<DateTime>(type: "TEXT", nullable: true),
                    EndRequestedAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    EndRequestedBy = table.Column<string>(type: "TEXT", nullable: true),
                    EndReason = table.Column<string>(type: "TEXT", nullable: true),
                    RevokingSince = table.Column<DateTime>(type: "TEXT", nullable: true),
                    Ending = table.Column<string>(type: "TEXT", maxLength: 32, nullable: true),
                    EndedAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    GoneSeenAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    StandingAccess = table.Column<bool>(type: "INTEGER", nullable: false),
                    AttentionCode = table.Column<string>(type: "TEXT", nullable: true),
                    AttentionMessage = table.Column<string>(type: "TEXT", nullable: true),
                    AttentionSince = table.Column<DateTime>(type: "TEXT", nullable: true),
                    PauseId = table.Column<Guid>(type: "TEXT", nullable: true),
                    Revision = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Grants", x => x.Id);
                    table.ForeignKey(
                        name: "FK_Grants_DesiredAssignments_AssignmentId",
                        column: x => x.AssignmentId,
                        principalTable: "DesiredAssignments",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "Secrets",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    VaultId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", maxLength: 256, nullable: false),
                    ArmId = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: false),
                    Enabled = table.Column<bool>(type: "INTEGER", nullable: false),
                    ContentType = table.Column<string>(type: "TEXT", nullable: true),
                    ExpiresAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    TagsJson = table.Column<string>(type: "TEXT", nullable: false),
                    SearchText = table.Column<string>(type: "TEXT", nullable: false),
                    SeenAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    DeletedAt = table.Column<DateTime>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Secrets", x => x.Id);
                    table.ForeignKey(
                        name: "FK_Secrets_Vaults_VaultId",
                        column: x => x.VaultId,
                        principalTable: "Vaults",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "IX_AccessPauses_Lifted",
                table: "AccessPauses",
                column: "Id",
                filter: "\"LiftedAt\" IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_AccessPauses_Standing",
                table: "AccessPauses",
                column: "TargetKey",
                unique: true,
                filter: "\"LiftedAt\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_AccessPolicies_Name_Version",
                table: "AccessPolicies",
                columns: new[] { "Name", "Version" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_AccessPolicies_RetiredAt",
                table: "AccessPolicies",
                column: "RetiredAt");

            migrationBuilder.CreateIndex(
                name: "IX_AccessRequests_Inbox",
                table: "AccessRequests",
                columns: new[] { "PolicyId", "Id" },
                filter: "\"State\" = 'Pending'");

            migrationBuilder.CreateIndex(
                name: "IX_AccessRequests_Lapse",
                table: "AccessRequests",
                column: "LapsesAt",
                filter: "\"State\" = 'Pending'");

            migrationBuilder.CreateIndex(
                name: "IX_AccessRequests_OnePending",
                table: "AccessRequests",
                columns: new[] { "RequesterObjectId", "Scope", "RoleDefinitionId" },
                unique: true,
                filter: "\"State\" = 'Pending'");

            migrationBuilder.CreateIndex(
                name: "IX_AccessRequests_Reference",
                table: "AccessRequests",
                column: "Reference",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_AccessRequests_RequesterObjectId_Id",
                table: "AccessRequests",
                columns: new[] { "RequesterObjectId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_AccessRequests_RequesterObjectId_State_Id",
                table: "AccessRequests",
                columns: new[] { "RequesterObjectId", "State", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_AccessRequests_RequesterObjectId_SubmissionKey",
                table: "AccessRequests",
                columns: new[] { "RequesterObjectId", "SubmissionKey" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_AccessRequests_Scope_RequesterObjectId",
                table: "AccessRequests",
                columns: new[] { "Scope", "RequesterObjectId" });

            migrationBuilder.CreateIndex(
                name: "IX_AccessRequests_State_Id",
                table: "AccessRequests",
                columns: new[] { "State", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_ApprovalDecisions_RequestId_ApproverObjectId",
                table: "ApprovalDecisions",
                columns: new[] { "RequestId", "ApproverObjectId" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_AuditEvents_ActorObjectId_At_Sequence",
                table: "AuditEvents",
                columns: new[] { "ActorObjectId", "At", "Sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_AuditEvents_At_Sequence",
                table: "AuditEvents",
                columns: new[] { "At", "Sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_AuditEvents_Code_At_Sequence",
                table: "AuditEvents",
                columns: new[] { "Code", "At", "Sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_AuditEvents_EventId",
                table: "AuditEvents",
                column: "EventId",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_AuditEvents_RequestId_Sequence",
                table: "AuditEvents",
                columns: new[] { "RequestId", "Sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_AuditEvents_RequestReference_At_Sequence",
                table: "AuditEvents",
                columns: new[] { "RequestReference", "At", "Sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_AuditEvents_SecretName_At_Sequence",
                table: "AuditEvents",
                columns: new[] { "SecretName", "At", "Sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_AuditEvents_SubjectObjectId_At_Sequence",
                table: "AuditEvents",
                columns: new[] { "SubjectObjectId", "At", "Sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_AuditEvents_VaultName_At_Sequence",
                table: "AuditEvents",
                columns: new[] { "VaultName", "At", "Sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_DesiredAssignments_Due",
                table: "DesiredAssignments",
                column: "DueAt",
                filter: "\"DueAt\" IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_DesiredAssignments_Failing",
                table: "DesiredAssignments",
                column: "FailingSince",
                filter: "\"FailingSince\" IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_DesiredAssignments_Leased",
                table: "DesiredAssignments",
                column: "LeaseUntil",
                filter: "\"LeaseUntil\" IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_DesiredAssignments_Scope_PrincipalObjectId_RoleDefinitionId_Provider",
                table: "DesiredAssignments",
                columns: new[] { "Scope", "PrincipalObjectId", "RoleDefinitionId", "Provider" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_DesiredAssignments_Unlisted",
                table: "DesiredAssignments",
                columns: new[] { "Provider", "Observed" },
                filter: "\"Provider\" <> 'RoleAssignment'");

            migrationBuilder.CreateIndex(
                name: "IX_Drifts_Open",
                table: "Drifts",
                columns: new[] { "AssignmentName", "Code" },
                unique: true,
                filter: "\"ResolvedAt\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_AllEnded",
                table: "Grants",
                column: "Id",
                filter: "\"State\" = 'Ended'");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_AllNotEnded",
                table: "Grants",
                column: "Id",
                filter: "\"State\" <> 'Ended'");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_Attention",
                table: "Grants",
                columns: new[] { "AttentionSince", "Id" },
                filter: "\"AttentionCode\" IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_EndedAt",
                table: "Grants",
                column: "EndedAt",
                filter: "\"EndedAt\" IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_Given",
                table: "Grants",
                column: "ActivatedAt",
                filter: "\"ActivatedAt\" IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_Held",
                table: "Grants",
                column: "PauseId",
                filter: "\"PauseId\" IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_HeldNow",
                table: "Grants",
                columns: new[] { "PrincipalObjectId", "EndsAt" },
                filter: "\"State\" <> 'Ended'");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_MineNotEnded",
                table: "Grants",
                columns: new[] { "PrincipalObjectId", "Id" },
                filter: "\"State\" <> 'Ended'");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_NotEnded",
                table: "Grants",
                column: "AssignmentId",
                filter: "\"State\" <> 'Ended'");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_NotSeenGone",
                table: "Grants",
                column: "AssignmentId",
                filter: "\"State\" = 'Ended' AND \"RevokingSince\" IS NOT NULL AND \"GoneSeenAt\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_PrincipalObjectId_Id",
                table: "Grants",
                columns: new[] { "PrincipalObjectId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_Grants_RequestId",
                table: "Grants",
                column: "RequestId",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Grants_Scope_PrincipalObjectId_Id",
                table: "Grants",
                columns: new[] { "Scope", "PrincipalObjectId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_People_SearchText",
                table: "People",
                column: "SearchText");

            migrationBuilder.CreateIndex(
                name: "IX_ReconciliationRuns_StartedAt",
                table: "ReconciliationRuns",
                column: "StartedAt");

            migrationBuilder.CreateIndex(
                name: "IX_Secrets_ArmId",
                table: "Secrets",
                column: "ArmId",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Secrets_VaultId_Name",
                table: "Secrets",
                columns: new[] { "VaultId", "Name" });

            migrationBuilder.CreateIndex(
                name: "IX_Vaults_ArmId",
                table: "Vaults",
                column: "ArmId",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Vaults_Name",
                table: "Vaults",
                column: "Name");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "AccessPauses");

            migrationBuilder.DropTable(
                name: "AccessPolicies");

            migrationBuilder.DropTable(
                name: "ApprovalDecisions");

            migrationBuilder.DropTable(
                name: "AuditEvents");

            migrationBuilder.DropTable(
                name: "Drifts");

            migrationBuilder.DropTable(
                name: "Grants");

            migrationBuilder.DropTable(
                name: "People");

            migrationBuilder.DropTable(
                name: "ReconciliationRuns");

            migrationBuilder.DropTable(
                name: "Secrets");

            migrationBuilder.DropTable(
                name: "StoredKeys");

            migrationBuilder.DropTable(
                name: "AccessRequests");

            migrationBuilder.DropTable(
                name: "DesiredAssignments");

            migrationBuilder.DropTable(
                name: "Vaults");
        }
    }
}
