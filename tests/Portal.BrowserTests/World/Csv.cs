using System.Text;

namespace Portal.BrowserTests.World;

/// <summary>Reads an export as RFC 4180 says, with code of its own.</summary>
internal static class Csv
{
    /// <summary>The place of each column by its name, and the rows below the header, without the last, which says how the file ended.</summary>
    public static (IReadOnlyDictionary<string, int> Header, IReadOnlyList<string[]> Rows) Read(byte[] file)
    {
        Assert.True(file is [0xEF, 0xBB, 0xBF, ..], "No byte order mark.");
        var records = Records(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(file, 3, file.Length - 3));
        Assert.All(records, record => Assert.Equal(records[0].Length, record.Length));
        Assert.Contains(records[^1], cell => cell.StartsWith("export.", StringComparison.Ordinal));
        return (records[0].Index().ToDictionary(column => column.Item, column => column.Index), records[1..^1]);
    }

    private static List<string[]> Records(string text)
    {
        var records = new List<string[]>();
        var fields = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        for (var at = 0; at < text.Length; at++)
        {
            var sign = text[at];
            if (quoted && sign == '"' && at + 1 < text.Length && text[at + 1] == '"')
                field.Append(text[at++]);
            else if (sign == '"')
                quoted = !quoted;
            else if (!quoted && sign == ',')
                Close();
            else if (!quoted && sign == '\r' && at + 1 < text.Length && text[at + 1] == '\n')
            {
                Close();
                records.Add([.. fields]);
                fields.Clear();
                at++;
            }
            else
                field.Append(sign);
        }

        Assert.False(quoted || field.Length > 0 || fields.Count > 0, "The file does not end with a whole record.");
        return records;

        void Close()
        {
            fields.Add(field.ToString());
            field.Clear();
        }
    }
}
