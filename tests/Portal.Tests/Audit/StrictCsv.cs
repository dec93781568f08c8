using System.Text;

namespace Portal.Tests.Audit;

/// <summary>Reads RFC 4180 and nothing else: anything that its grammar does not allow is an error. Shares no code with what writes.</summary>
internal static class StrictCsv
{
    /// <summary>Reads a whole file: UTF-8 with a byte order mark, CRLF after every record, the same number of fields in each.</summary>
    public static List<string[]> Read(byte[] file)
    {
        Assert.True(file is [0xEF, 0xBB, 0xBF, ..], "No byte order mark.");
        var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(file, 3, file.Length - 3);
        var records = new List<string[]>();
        var at = 0;
        while (at < text.Length)
            records.Add(ReadRecord(text, ref at));
        Assert.All(records, record => Assert.Equal(records[0].Length, record.Length));
        return records;
    }

    private static string[] ReadRecord(string text, ref int at)
    {
        var fields = new List<string>();
        while (true)
        {
            fields.Add(at < text.Length && text[at] == '"' ? ReadQuoted(text, ref at) : ReadPlain(text, ref at));
            if (at < text.Length && text[at] == ',')
            {
                at++;
                continue;
            }

            Assert.True(at + 1 < text.Length && text[at] == '\r' && text[at + 1] == '\n', $"No CRLF at {at}.");
            at += 2;
            return [.. fields];
        }
    }

    private static string ReadPlain(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && text[at] is not (',' or '\r'))
        {
            Assert.False(text[at] is '"' or '\n', $"A quote or a line feed in a plain field at {at}.");
            at++;
        }

        return text[start..at];
    }

    private static string ReadQuoted(string text, ref int at)
    {
        var field = new StringBuilder();
        for (at++; ; at++)
        {
            Assert.True(at < text.Length, "A quoted field is not closed.");
            if (text[at] != '"')
                field.Append(text[at]);
            else if (at + 1 < text.Length && text[at + 1] == '"')
                field.Append(text[at++]);
            else
                break;
        }

        at++;
        return field.ToString();
    }
}
