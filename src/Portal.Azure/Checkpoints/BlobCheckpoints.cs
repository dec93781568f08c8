using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Portal.Azure.Connection;
using Portal.Core.Audit.Sealing;

namespace Portal.Azure.Checkpoints;

/// <summary>Checkpoints as blobs of a container, each of its own and written once. What keeps them is the container's immutability policy; the portal itself only ever adds.</summary>
/// <remarks>By the portal's own credential, for no longer than a call needs: the right to add and read blobs at this one container is all that it takes.</remarks>
/// <param name="options">Which container.</param>
/// <param name="connection">The credential and the way; made when the first call needs it.</param>
internal sealed class BlobCheckpoints(SealingOptions options, Lazy<CloudConnection> connection) : ICheckpointStore
{
    // So many are read at once: a year of checkpoints is many blobs.
    private const int AtOnce = 16;

    private readonly Lazy<BlobContainerClient> container = new(() => new BlobContainerClient(options.CheckpointContainer, connection.Value.Credential, connection.Value.BlobOptions()));

    /// <inheritdoc />
    public bool IsConfigured => options.CheckpointContainer is not null;

    /// <inheritdoc />
    public string Name => $"the container {RememberedAs}";

    /// <inheritdoc />
    public string RememberedAs => options.CheckpointContainer?.GetLeftPart(UriPartial.Path) ?? "";

    /// <inheritdoc />
    public string? Host => null;

    /// <inheritdoc />
    public Task AppendAsync(long size, string note, CancellationToken ct) => BlobFaults.GuardAsync(Name, async () =>
    {
        var blob = CheckpointBlob.Of(size, note);
        var upload = new BlobUploadOptions
        {
            Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
            HttpHeaders = new BlobHttpHeaders { ContentType = "text/plain; charset=utf-8" },
        };
        try
        {
            await container.Value.GetBlobClient(blob.Name).UploadAsync(BinaryData.FromString(CheckpointBlob.ContentOf(note)), upload, ct);
        }
        catch (RequestFailedException taken) when (taken.Status is 409 or 412 && BlobFaults.IsTaken(taken))
        {
            // It is there: an answer that was lost, or another who writes under our names. The content tells.
            if (await ReadAsync(blob, ct) != note)
                throw Altered(blob);
        }

        return true;
    }, ct);

    /// <inheritdoc />
    public Task<string?> LatestAsync(CancellationToken ct) => BlobFaults.GuardAsync(Name, async () =>
    {
        await foreach (var page in container.Value.GetBlobsAsync(new GetBlobsOptions { Prefix = CheckpointBlob.Prefix }, ct).AsPages(pageSizeHint: AtOnce))
            foreach (var item in page.Values)
                if (CheckpointBlob.Parse(item.Name) is { } newest)
                    return !IsTooLong(item) && await ReadAsync(newest, ct) is var note && newest.Names(note) ? note : throw Altered(newest);
        return null;
    }, ct);

    /// <inheritdoc />
    public async IAsyncEnumerable<string> ReadAsync(long from, IReadOnlyCollection<long> besides, [EnumeratorCancellation] CancellationToken ct)
    {
        // The list begins with the newest, and ends where nothing more is asked for. The notes are read in pieces.
        var tooLong = new HashSet<CheckpointBlob>();
        var blobs = await BlobFaults.GuardAsync(Name, async () =>
        {
            var known = new List<CheckpointBlob>();
            await foreach (var item in container.Value.GetBlobsAsync(new GetBlobsOptions { Prefix = CheckpointBlob.Prefix }, ct))
            {
                if (CheckpointBlob.Parse(item.Name) is { } parsed && parsed.Size < from)
                    break;
                Add(item);
            }

            foreach (var size in besides.Where(size => size < from).OrderDescending())
                await foreach (var item in container.Value.GetBlobsAsync(new GetBlobsOptions { Prefix = CheckpointBlob.PrefixOf(size) }, ct))
                    Add(item);
            known.Reverse();
            return known;

            void Add(BlobItem item)
            {
                if (CheckpointBlob.Parse(item.Name) is not { } blob)
                    return;
                known.Add(blob);
                if (IsTooLong(item))
                    tooLong.Add(blob);
            }
        }, ct);
        // What is too long for a checkpoint is not fetched: its name stands for it, which is none either, so that whoever verifies is told of it beside all else.
        foreach (var piece in blobs.Chunk(AtOnce))
            foreach (var note in await BlobFaults.GuardAsync(Name, () => Task.WhenAll(piece.Select(blob => tooLong.Contains(blob) ? Task.FromResult(blob.Name) : ReadAsync(blob, ct))), ct))
                yield return note;
    }

    /// <inheritdoc />
    /// <remarks>Whether the policy is locked, Blob Storage does not say: only its management does, which the portal has no right to ask.</remarks>
    public Task<bool?> ProtectsAsync(CancellationToken ct) => BlobFaults.GuardAsync<bool?>(Name, async () =>
        (await container.Value.GetPropertiesAsync(cancellationToken: ct)).Value.HasImmutabilityPolicy is true, ct);

    private async Task<string> ReadAsync(CheckpointBlob blob, CancellationToken ct) =>
        CheckpointBlob.NoteIn((await container.Value.GetBlobClient(blob.Name).DownloadContentAsync(ct)).Value.Content.ToString());

    private static bool IsTooLong(BlobItem item) => item.Properties.ContentLength is null or > CheckpointBlob.LongestContent;

    private SealingException Altered(CheckpointBlob blob) => new(SealingProblem.StoreAltered,
        $"{Name} has something else under {blob.Name} than the checkpoint of {blob.Size} events that belongs there. Somebody else writes there: keep what is there as evidence, find out who did, and give the portal a container of its own.");
}
