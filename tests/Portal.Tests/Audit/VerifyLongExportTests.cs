using System.Text;
using System.Text.RegularExpressions;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Exports.Checking;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>Export files of more rows than are looked at at once.</summary>
public sealed partial class VerifyLongExportTests
{
    [Theory]
    [InlineData(ExportFormat.Csv)]
    [InlineData(ExportFormat.JsonLines)]
    [InlineData(ExportFormat.Ocsf)]
    public async Task Of_several_faults_in_a_long_file_the_first_is_named(ExportFormat format)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var log = await VerifyExportTests.FillAsync(world, 1300);
        var lines = VerifyExportTests.Lines(await VerifyExportTests.ExportAsync(world, new AuditFilter(), format), format);
        var first = format == ExportFormat.Ocsf ? 0 : 1;
        // Rows are looked at many at once, on all cores.
        foreach (var (row, named) in ((int, int)[])[(1107, 1107), (1280, 1107), (1106, 1106), (3, 3)])
        {
            lines[first + row - 1] = LeafHash().Replace(lines[first + row - 1], hash => VerifyExportTests.Other("leaf_hash", hash.Value), 1);
            var fault = (await VerifyExportTests.VerifyAsync(log, Encoding.UTF8.GetBytes(string.Concat(lines)))).Fault!;
            Assert.Equal((ExportFaultCode.Altered, named, "leaf_hash"), (fault.Code, fault.Row, fault.Field));
        }

        if (format == ExportFormat.Csv)
            return;
        lines[first + 4] = "nothing that the portal writes\n";
        Assert.Equal(3, (await VerifyExportTests.VerifyAsync(log, Encoding.UTF8.GetBytes(string.Concat(lines)))).Fault!.Row);
        lines[first + 1] = "nothing that the portal writes\n";
        var broken = (await VerifyExportTests.VerifyAsync(log, Encoding.UTF8.GetBytes(string.Concat(lines)))).Fault!;
        Assert.Equal((ExportFaultCode.Malformed, 2), (broken.Code, broken.Row));
    }

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex LeafHash();
}
