using Portal.Azure;
using Portal.Migrations.PostgreSql;
using Portal.Migrations.Sqlite;
using Portal.Web.Commands;
using Portal.Web.Hosting;
using Portal.Web.Policies;

if (PortalCommands.IsCalledBy(args))
{
    var called = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
#if SANDBOX
    SandboxLink.UseWhenNoTenant(called);
#endif
    var sweep = new SweepCommand(
        called,
        () => called.Services.AddPortalAzure(called.Configuration),
        () => AddDatabase(called));
    var replay = new AuditReplayCommand(called, () => AddDatabase(called));
    var auditLog = new AuditLogCommands(called, () => AddDatabase(called), () => called.Services.AddPortalAzure(called.Configuration), VerifyExportCommand.Command);
    return await PortalCommands.RunAsync(args, [sweep.Command, .. auditLog.Commands, replay.Command]);
}

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
#if SANDBOX
await using var sandbox = await SandboxLauncher.StartWhenNoTenantAsync(builder);
#endif
CompanyPolicies.UseInSandbox(builder);
if (StartupCheck.Report(builder.Configuration, builder.Environment, Console.Error))
    return 1;

builder.AddPortal();
AddDatabase(builder);
builder.Services.AddPortalAzure(builder.Configuration);

var app = builder.Build();
if (app.IsDatabaseInUse(Console.Error))
    return 1;
app.Prepare();
app.UsePortal();
await app.RunAsync();
return 0;

static void AddDatabase(WebApplicationBuilder builder)
{
    var (sqlite, postgreSql) = (new SqliteDueWork(), new PostgreSqlDueWork());
    builder.AddPortalDatabase(
        new(SqliteDatabase.UsePortalSqlite, sqlite, sqlite, new SqliteAuditReading(), SqliteHold.Take),
        new(PostgreSqlDatabase.UsePortalPostgreSql, postgreSql, postgreSql, new PostgreSqlAuditReading()));
}

/// <summary>The entry point; public so that tests can host the portal.</summary>
public partial class Program;
