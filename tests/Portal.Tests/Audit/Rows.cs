using System.Text;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;

namespace Portal.Tests.Audit;

/// <summary>Events as the rows that a database hands out, and rows as something to compare.</summary>
internal static class Rows
{
    public static async IAsyncEnumerable<AuditRows> Of(IEnumerable<AuditEvent> events)
    {
        foreach (var some in events.Chunk(AuditRows.Most))
        {
            var rows = new AuditRows();
            foreach (var happened in some)
                Add(rows, happened);
            await Task.Yield();
            yield return rows;
        }
    }

    /// <summary>An export of these events, of which none was ever sealed.</summary>
    public static AuditExport Export(IAsyncEnumerable<AuditRows> pieces) =>
        new(new AuditFilter(), new ExportPoint(0, null, "", [], []), whole: false, changes: 0, "auditor", _ => pieces, _ => Task.FromResult(true));

    /// <summary>What an export says, each row by the names of its columns.</summary>
    public static async Task<List<Dictionary<string, string>>> ReadAsync(IAsyncEnumerable<AuditRows> pieces)
    {
        var all = new List<Dictionary<string, string>>();
        await foreach (var piece in pieces)
            for (var row = 0; row < piece.Count; row++)
                if (piece.IsShown(row))
                    all.Add(Enumerable.Range(0, AuditColumn.All.Count).ToDictionary(column => AuditColumn.All[column].Name, column => Encoding.UTF8.GetString(piece[row, column])));
        return all;
    }

    private static void Add(AuditRows rows, AuditEvent happened)
    {
        foreach (var column in AuditColumn.All)
            switch (typeof(AuditEvent).GetProperty(column.Property)!.GetValue(happened))
            {
                case null: rows.AddNothing(); break;
                case Guid id: rows.AddId(id); break;
                case DateTimeOffset instant: rows.AddInstant(instant.UtcDateTime); break;
                case long number: rows.AddNumber(number); break;
                case int number: rows.AddNumber(number); break;
                case var text: rows.AddText(Encoding.UTF8.GetBytes(text.ToString()!)); break;
            }

        rows.EndRow(null, []);
    }
}
