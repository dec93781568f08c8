using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Tests.Audit;
using Portal.Tests.World;
using Portal.Web.Commands;

namespace Portal.Tests.Commands;

/// <summary><c>audit verify</c> as an auditor calls it: a process with nothing but the file and the key.</summary>
public sealed class VerifyExportCommandTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_auditor_checks_a_file_with_one_command()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AuditListTests.AddAsync(world, 40, seed: 2);
        var log = new SealedLog(world);
        await log.SealAsync();
        var directory = Directory.CreateTempSubdirectory("portal-verify-").FullName;
        try
        {
            var file = Path.Combine(directory, "audit.csv");
            await using (var target = File.Create(file))
                await (await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(new AuditFilter()), await world.IdentifyAsync(Company.Ingrid), Ct)).Value.WriteAsync(ExportFormat.Csv, target, Ct);

            var holds = await PortalProcess.RunAsync(directory, "audit", "verify", "--export", file, "--key", log.Key.Verifier.ToString());
            Assert.Equal((ExitCode.Done, ""), (holds.Code, holds.Error));
            Assert.StartsWith("HOLDS: these 40 events are all of the log of 40 events signed at 2026-03-02T09:00:00.000Z by portal.test/audit.", holds.Out, StringComparison.Ordinal);

            await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, Ct)).Replace("grant.ended", "grant.ender", StringComparison.Ordinal), Ct);
            var broken = await PortalProcess.RunAsync(directory, "audit", "verify", $"--export={file}", $"--key={log.Key.Verifier}");
            Assert.Equal(ExitCode.Incomplete, broken.Code);
            Assert.Matches("^DOES NOT HOLD \\(altered\\): Row \\d+, event [0-9a-f-]{36}, position \\d+: code is not as it was sealed\\.\\s*$", broken.Out);

            var unknown = await PortalProcess.RunAsync(directory, "audit", "verify", "--export", file, "--key", "portal.test/audit");
            Assert.Equal(ExitCode.Refused, unknown.Code);
            Assert.Contains("is no public key", unknown.Error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
