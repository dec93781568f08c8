using System.Text;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Web.Audit;

namespace Portal.Tests.Audit;

/// <summary>The documentation of audit events is made from the code and stays so.</summary>
public sealed class AuditEventsDocumentTests
{
    private const string UpdateVariable = "PORTAL_UPDATE_DOCS";

    [Fact]
    public void The_document_says_what_the_code_says()
    {
        var file = Path.Combine(Root(), "docs", "audit-events.md");
        var expected = Render();
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
            File.WriteAllText(file, expected);
        Assert.True(File.Exists(file) && File.ReadAllText(file) == expected, $"docs/audit-events.md is not what the code says. Run the tests once with {UpdateVariable}=1 and commit the file.");
    }

    private static string Render()
    {
        var text = new StringBuilder("""
            # Audit events

            Made from `AuditCode.All` and `AuditCsv.Header` by a test; to bring it up to date, run `PORTAL_UPDATE_DOCS=1 dotnet test --project tests/Portal.Tests --filter-class '*AuditEventsDocumentTests'`.

            An event is saved in the same transaction as the change that it records. The set of codes is closed, and a code never changes its meaning. Names in an event are copies: renaming a person or a vault later changes nothing in it.

            Every event has
            """);
        text.Append(' ').AppendJoin(", ", AuditCatalogue.InEvery.Select(f => $"`{f.Name()}`"));
        text.Append("""
             (those of the actor, of the one acted for and of the client as far as there are any). The table says which further fields an event of a code may have, who can cause it, and which controls it is evidence for: SOC 2 common criteria (CC) and ISO/IEC 27001:2022 Annex A (A).

            | code | meaning | caused by | further fields | evidence for |
            |---|---|---|---|---|

            """);
        foreach (var entry in AuditCatalogue.All)
            text.Append("| `").Append(entry.Code.Value).Append("` | ").Append(entry.Code.Meaning).Append(" | ").Append(entry.CausedBy).Append(" | ")
                .AppendJoin(", ", entry.Fields.Select(f => $"`{f.Name()}`")).Append(" | ").AppendJoin(", ", entry.Controls).Append(" |\n");
        text.Append("""

            Outcomes: `Success` (it was done), `Refused` (it was not allowed; nothing changed), `Failed` (it was tried and failed).

            ## The CSV export

            `GET /audit/export` with the filters of the audit page (
            """);
        text.Append('`').AppendJoin("`, `", AuditAddress.Names).Append('`').Append("""
            ; instants in ISO 8601, UTC) gives the events that the page shows to the same person, up to the log's latest signed checkpoint: all of the log in its order, and what a filter leaves in the order of time. `format` is `csv`, `jsonl` or `ocsf`; `checkpoint` names the size of an earlier checkpoint. That it was exported is recorded before the first row leaves, and is not in the file. The last row says how the file ended; if anything fails on the way the connection breaks as well. `Range` with `If-Range` and the file's `ETag` goes on with a download that was broken off, with all of it where that is another file by now; with `If-Match` in its place the answer is 412 then. An answer of 416 says how long the file is, and is recorded like one that gives it. `Range` with neither gets all of it, with 200. A filter that cannot be read, or a parameter that there is not, is refused with 400. [audit-log-format.md](audit-log-format.md) describes the formats and how a file is checked.

            The file is RFC 4180 with CRLF, UTF-8 with a byte order mark. Times are UTC, ISO 8601 with milliseconds (`2026-11-22T17:40:05.007Z`). What an event does not know is an empty cell. New columns are only ever added at the end:


            """);
        text.Append('`').AppendJoin("`, `", AuditCsv.Header).Append("`\n");
        text.Append("""

            ### The spreadsheet guard

            A spreadsheet takes a cell that starts with certain characters for a formula and runs it. Such a cell gets one apostrophe in front; every other cell is written as it is. A cell is guarded when

            - behind any apostrophes it starts with TAB, CR or LF, or
            - behind any apostrophes, white space and invisible characters it starts with `=`, `+`, `-`, `@` or a fullwidth or small form of one of them (U+FF1D, U+FF0B, U+FF0D, U+FF20, U+FE66, U+FE62, U+FE63, U+FE6B).

            To read a file back, take one apostrophe away from each cell that starts with one and that the rule above names. That gives back exactly what was there.

            Every cell is quoted, so a program that also splits at semicolons or tabs keeps a text in one cell. A spreadsheet that splits at semicolons only, as some regional settings have it, does not honour quotes around commas when a file is opened by a double click: there, import the file (in Excel: Data, From Text/CSV) and choose the comma.

            """);
        return text.ToString();
    }

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Portal.sln")))
            directory = directory.Parent ?? throw new InvalidOperationException("Portal.sln is in no directory above.");
        return directory.FullName;
    }
}
