using System.Text;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>What to check.</summary>
/// <param name="Path">The file: CSV, JSON Lines, OCSF, or an evidence pack.</param>
/// <param name="Keys">The public keys that checkpoints may be signed with, from somewhere else than the file.</param>
/// <param name="Checkpoints">A file with checkpoints to compare with; null for none besides those of an evidence pack.</param>
public sealed record ExportToVerify(string Path, IReadOnlyList<VerifierKey> Keys, string? Checkpoints = null);

/// <summary>Checks an export with nothing but the file and public keys: no database, no network. Reads the file twice, first to know what it says of itself, and holds a row of it at a time.</summary>
public sealed class VerifyExport
{
    /// <summary>Checks.</summary>
    /// <param name="input">What.</param>
    /// <param name="progress">Told a share between 0 and 1 now and then; null for nobody.</param>
    /// <param name="actor">The system.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public async Task<Result<ExportVerdict>> ExecuteAsync(ExportToVerify input, IProgress<double>? progress, Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        try
        {
            var book = CheckpointBook.Empty;
            if (input.Checkpoints is { } path)
                using (var notes = new StreamReader(path, Encoding.UTF8))
                    book = await CheckpointBook.ReadAsync(notes, input.Keys, isWhole: false, ct);
            return await IsZipAsync(input.Path, ct)
                ? await new EvidencePackCheck(input, book, progress).RunAsync(ct)
                : await new ExportCheck(() => OpenRead(input.Path), input.Keys, book, Share(progress, new FileInfo(input.Path).Length)).RunAsync(ct);
        }
        catch (FormatException wrong)
        {
            return new ExportVerdict(0, 0, null, 0, new ExportFault(ExportFaultCode.Checkpoints, null, null, null, null, wrong.Message));
        }
    }

    /// <summary>Tells the share of a file that is read twice.</summary>
    internal static Action<long>? Share(IProgress<double>? progress, long length)
    {
        if (progress is null || length == 0)
            return null;
        var (told, seen) = (0.0, 0L);
        return read =>
        {
            seen += read;
            var share = Math.Min(1, seen / 2.0 / length);
            if (share - told < 0.01 && share < 1)
                return;
            told = share;
            progress.Report(share);
        };
    }

    private static FileStream OpenRead(string path) => new(path, new FileStreamOptions { Options = FileOptions.SequentialScan | FileOptions.Asynchronous, BufferSize = 0 });

    private static async Task<bool> IsZipAsync(string path, CancellationToken ct)
    {
        await using var file = OpenRead(path);
        var start = new byte[4];
        return await file.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, ct) == 4 && start.AsSpan().SequenceEqual("PK\x03\x04"u8);
    }
}
