using System.Globalization;
using System.Runtime.CompilerServices;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>What a step through a file came to.</summary>
internal enum ExportStep
{
    /// <summary>A row with an event.</summary>
    Event,

    /// <summary>What the file says of itself, at its start or its end.</summary>
    Statement,

    /// <summary>The end of the file.</summary>
    Nothing,
}

/// <summary>Steps through an export's file of one format: row by row to learn what it says of itself, or piece by piece to check all that it holds.</summary>
/// <param name="source">The file, from its start.</param>
internal abstract class ExportFile(Stream source) : IAsyncDisposable
{
    /// <summary>What the file said last of itself.</summary>
    public ExportStatement? Statement { get; protected set; }

    /// <summary>Opens a file by what it begins with.</summary>
    /// <exception cref="FormatException">It is none of the portal's.</exception>
    public static async Task<ExportFile> OpenAsync(Func<Stream> open, CancellationToken ct)
    {
        var start = new byte[64];
        await using (var look = open())
            start = start[..await look.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, ct)];
        return start switch
        {
            [0xEF, 0xBB, 0xBF, ..] or [(byte)'"', ..] or [(byte)'s', ..] => new CsvExportFile(open()),
            _ when start.AsSpan().StartsWith("{\"export\":"u8) => new JsonExportFile(open(), ExportFormat.JsonLines),
            _ when start.AsSpan().StartsWith("{\"metadata\":"u8) => new JsonExportFile(open(), ExportFormat.Ocsf),
            _ => throw new FormatException("This is none of the files that the portal exports."),
        };
    }

    /// <summary>Goes to the next row or statement; looks into statements only.</summary>
    /// <exception cref="FormatException">What is there is nothing that the portal writes.</exception>
    public abstract ValueTask<ExportStep> SkipAsync(CancellationToken ct);

    /// <summary>All rows in their order, each with what it comes to by itself. Be done with a piece before taking the next.</summary>
    /// <param name="signed">The log that each row has to be in by its own proof; null when they bring none.</param>
    /// <param name="ct">Cancels.</param>
    public async IAsyncEnumerable<ExportPiece> PiecesAsync(Checkpoint? signed, [EnumeratorCancellation] CancellationToken ct)
    {
        // One is read, one is at whoever enumerates, and each core works at another.
        var pieces = new ExportPiece[Environment.ProcessorCount + 2];
        var underWay = new Queue<Task<ExportPiece>>();
        try
        {
            for (var i = 0; ; i++)
            {
                var piece = pieces[i % pieces.Length] ??= new ExportPiece();
                piece.Clear();
                var more = await FillAsync(piece, ct);
                underWay.Enqueue(Task.Run(() => Settled(piece, signed), CancellationToken.None));
                if (!more)
                    break;
                if (underWay.Count == pieces.Length - 1)
                    yield return await underWay.Dequeue();
            }

            while (underWay.TryDequeue(out var next))
                yield return await next;
        }
        finally
        {
            // Whoever stopped reading has been told why; what was under way only has to be over.
            await ((Task)Task.WhenAll(underWay)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc />
    public virtual ValueTask DisposeAsync() => source.DisposeAsync();

    /// <summary>Takes in the next row as it stands.</summary>
    /// <exception cref="FormatException">It is nothing that the portal writes.</exception>
    protected abstract void Take(ExportPiece piece);

    /// <summary>Works out what each row of a piece comes to, for several pieces at once. Stops at a row that is nothing that the portal writes, and says so in the piece.</summary>
    protected abstract void Settle(ExportPiece piece, Checkpoint? signed);

    /// <summary>Reads a whole number.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    protected static long Number(string text, string what) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"'{text}' is no {what}.");

    private async ValueTask<bool> FillAsync(ExportPiece piece, CancellationToken ct)
    {
        try
        {
            while (!piece.IsFull)
                switch (await SkipAsync(ct))
                {
                    case ExportStep.Nothing:
                        return false;
                    case ExportStep.Event:
                        Take(piece);
                        break;
                    case ExportStep.Statement:
                        break;
                }

            return true;
        }
        catch (FormatException wrong)
        {
            // It comes behind the rows before it.
            piece.Broken = wrong;
            return false;
        }
    }

    private ExportPiece Settled(ExportPiece piece, Checkpoint? signed)
    {
        Settle(piece, signed);
        return piece;
    }
}
