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
// The seams to the cloud send where the portal's own sign-in sends.
builder.Services.AddSingleton(services => new Portal.Azure.CloudTransport(services.GetRequiredService<CloudTransport>().CreateHandler));
Portal.Azure.PortalAzure.AddPortalAzure(builder.Services, builder.Configuration);

var app = builder.Build();
app.UsePortal();
await app.MigrateAsync();
await app.RunAsync();
return 0;

/// <summary>The entry point; public so that tests can host the portal.</summary>
public partial class Program;
