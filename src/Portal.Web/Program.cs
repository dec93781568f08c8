using Portal.Azure;
using Portal.Migrations.PostgreSql;
using Portal.Migrations.Sqlite;
using Portal.Web.Hosting;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
#if SANDBOX
await using var sandbox = await SandboxLauncher.StartWhenNoTenantAsync(builder);
#endif
if (StartupCheck.Report(builder.Configuration, builder.Environment, Console.Error))
    return 1;

builder.AddPortal();
builder.AddPortalDatabase(SqliteDatabase.UsePortalSqlite, PostgreSqlDatabase.UsePortalPostgreSql);
builder.Services.AddPortalAzure(builder.Configuration);

var app = builder.Build();
app.UsePortal();
await app.PrepareAsync();
await app.RunAsync();
return 0;

/// <summary>The entry point; public so that tests can host the portal.</summary>
public partial class Program;
