using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>Checks an evidence pack: its events as an export of their own, its checkpoints by the keys that were given, and by the proofs between them that each log goes on from the one before.</summary>
/// <param name="input">The pack and the keys.</param>
/// <param name="book">Checkpoints from elsewhere.</param>
/// <param name="progress">Told the share; null for nobody.</param>
internal sealed class EvidencePackCheck(ExportToVerify input, CheckpointBook book, IProgress<double>? progress)
{
    /// <summary>Checks.</summary>
    public async Task<ExportVerdict> RunAsync(CancellationToken ct)
    {
        try
        {
            await using var pack = await ZipFile.OpenReadAsync(input.Path, ct);
            foreach (var twice in pack.Entries.GroupBy(e => e.FullName).Where(g => g.Count() > 1))
                return Failed(ExportFaultCode.Malformed, $"The pack has two files called {twice.Key}.");
            var events = Entry(pack, EvidencePack.Events);
            CheckpointBook own;
            using (var notes = new StreamReader(await Entry(pack, EvidencePack.Checkpoints).OpenAsync(ct), Encoding.UTF8))
                own = await CheckpointBook.ReadAsync(notes, input.Keys, isWhole: true, ct);
            if (own.All.FirstOrDefault(c => book.At(c.Size) is { } kept && !kept.Agrees(c)) is { } lying)
                return Failed(ExportFaultCode.Checkpoints, $"The pack's checkpoint at {lying.Size} contradicts the one that was kept elsewhere.");
            if (await CheckConsistencyAsync(pack, own, ct) is { } fault)
                return fault;
            return await new ExportCheck(() => events.Open(), input.Keys, own, VerifyExport.Share(progress, events.Length)).RunAsync(ct) is var verdict && verdict.Fault is null
                ? Compare(verdict, own)
                : verdict;
        }
        catch (InvalidDataException broken)
        {
            return Failed(ExportFaultCode.Malformed, $"The pack is damaged: {broken.Message}");
        }
    }

    private ExportVerdict Compare(ExportVerdict verdict, CheckpointBook own) => own.At(verdict.Statement!.Size) is null
        ? verdict with { Fault = new ExportFault(ExportFaultCode.Contradiction, null, null, null, null, "The pack's checkpoints do not have the one that its events were exported at.") }
        : verdict with { Checkpoints = own.Count + own.All.Count(c => book.At(c.Size) is not null) };

    private static async Task<ExportVerdict?> CheckConsistencyAsync(ZipArchive pack, CheckpointBook own, CancellationToken ct)
    {
        using var lines = new StreamReader(await Entry(pack, EvidencePack.Proofs).OpenAsync(ct), Encoding.UTF8);
        Checkpoint? before = null;
        foreach (var checkpoint in own.All)
        {
            if (before is not null)
            {
                var proof = await lines.ReadLineAsync(ct) is { } line ? Read(line) : null;
                if (proof is null || proof.From != before.Size || proof.To != checkpoint.Size || !MerkleTree.IsConsistent(before.Size, checkpoint.Size, before.Root, checkpoint.Root, proof.Hashes))
                    return Failed(ExportFaultCode.Checkpoints, string.Create(CultureInfo.InvariantCulture, $"The log at {checkpoint.Size} does not provably go on from the log at {before.Size}."));
            }

            before = checkpoint;
        }

        return null;
    }

    private static ConsistencyLine? Read(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, EvidencePackJson.Default.ConsistencyLine);
        }
        catch (JsonException)
        {
            // No proof: the caller says which one is missing.
            return null;
        }
    }

    private static ZipArchiveEntry Entry(ZipArchive pack, string name) => pack.GetEntry(name) ?? throw new InvalidDataException($"It has no {name}.");

    private static ExportVerdict Failed(string code, string message) => new(0, 0, null, 0, new ExportFault(code, null, null, null, null, message));
}
