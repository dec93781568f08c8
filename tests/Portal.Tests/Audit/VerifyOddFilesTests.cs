using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Exports.Checking;
using Portal.Core.Audit.Sealing;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>Files that look broken and are not, as a filter, a crash or a log that was never signed leaves them.</summary>
public sealed class VerifyOddFilesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_whose_filter_has_empty_lines_holds()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var log = await VerifyExportTests.FillAsync(world);
        foreach (var format in Enum.GetValues<ExportFormat>())
            foreach (var text in (string[])["kv\n\na", "\n\nkv\n\n\na\n\n"])
            {
                var verdict = await VerifyExportTests.VerifyAsync(log, await VerifyExportTests.ExportAsync(world, new AuditFilter { Text = text }, format));
                Assert.True(verdict.Holds, $"{format}: {verdict.Fault?.Message}");
                Assert.True(verdict.Rows > 0);
                Assert.Contains($"filter: text {text}.", verdict.Statement!.Words, StringComparison.Ordinal);
            }
    }

    [Fact]
    public async Task A_checkpoint_that_a_crash_cut_off_in_the_file_to_compare_with_is_passed_over_and_a_forged_one_is_not()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var log = await VerifyExportTests.FillAsync(world, 12);
        await AuditListTests.AddAsync(world, 7, seed: 9);
        await log.SealAsync();
        var file = await VerifyExportTests.ExportAsync(world, new AuditFilter(), ExportFormat.JsonLines);
        var notes = await world.ReadAsync(db => db.AuditCheckpoints.OrderBy(c => c.Size).Select(c => c.Note).ToListAsync(Ct));
        Assert.Equal(2, notes.Count);
        for (var cut = 1; cut < notes[0].Length - 1; cut += 3)
        {
            var verdict = await VerifyExportTests.VerifyAsync(log, file, $"{notes[0]}\n\n\n{notes[0][..cut]}\n\n{notes[1]}\n");
            Assert.True(verdict.Holds, $"{cut}: {verdict.Fault?.Message}");
            Assert.Equal(2, verdict.Checkpoints);
            Assert.True((await VerifyExportTests.VerifyAsync(log, file, $"{notes[0]}\n\n\n{notes[1][..cut]}")).Holds, $"{cut}");
        }

        var forged = SignedNote.Sign(SignedNote.Parse(notes[0])!.Text, SigningKey.Create(log.Key.Verifier.Name)).ToString();
        Assert.Contains("signed by none", (await VerifyExportTests.VerifyAsync(log, file, forged + "\n" + notes[1])).Fault!.Message, StringComparison.Ordinal);
        // The wrong file altogether would be compared with nothing.
        foreach (var other in (string[])[log.Key.Verifier.ToString(), notes[0][..80]])
            Assert.Equal(ExportFaultCode.Checkpoints, (await VerifyExportTests.VerifyAsync(log, file, other)).Fault!.Code);
    }

    [Fact]
    public async Task A_file_of_what_nobody_has_signed_says_so_whatever_its_filter()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AuditListTests.AddAsync(world, 3, seed: 8);
        var key = SigningKey.Create("portal.test/audit").Verifier;
        foreach (var filter in (AuditFilter[])[new(), new() { Text = "kv\n\na" }])
            Assert.Equal(ExportFaultCode.Declared, (await VerifyExportTests.VerifyAsync([key], await VerifyExportTests.ExportAsync(world, filter, ExportFormat.Csv, size: 0))).Fault!.Code);
    }
}
