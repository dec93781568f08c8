using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Reads;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing;

/// <summary>How an event stands in the log.</summary>
public enum ProofState
{
    /// <summary>It is in the log, unchanged, and a signed checkpoint covers it.</summary>
    Verified,

    /// <summary>It waits for its place, or for a checkpoint: seconds.</summary>
    Waiting,

    /// <summary>It is not what was sealed, or the log does not hold.</summary>
    Broken,
}

/// <summary>That an event is in the log.</summary>
/// <param name="EventId">Which event.</param>
/// <param name="State">What came of looking.</param>
public sealed record InclusionProof(Guid EventId, ProofState State)
{
    /// <summary>Its place, from 0; null while it has none.</summary>
    public long? Position { get; init; }

    /// <summary>The hash of what stands in the database now; null while it has no place.</summary>
    public byte[]? LeafHash { get; init; }

    /// <summary>The hashes that lead from it to the checkpoint's root, as RFC 6962 orders them.</summary>
    public IReadOnlyList<byte[]> Hashes { get; init; } = [];

    /// <summary>The signed checkpoint that covers it; null while none does.</summary>
    public string? Note { get; init; }

    /// <summary>The time of the first checkpoint that covers it: it has been in the log since then at the latest. Null while none does.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>What does not hold, in English; null when all does.</summary>
    public string? Fault { get; init; }
}

/// <summary>Which event to prove.</summary>
/// <param name="EventId">The event.</param>
public sealed record InclusionQuery(Guid EventId);

/// <summary>Proves that an event is in the log, and checks it on the way. For auditors, and for whoever caused the event: a proof is made of the whole event, and nobody else sees all of it.</summary>
public sealed class GetInclusionProof(IDbContextFactory<PortalDb> databases, AuditReads reads)
{
    /// <summary>Proves it against the newest checkpoint.</summary>
    public async Task<Result<InclusionProof>> ExecuteAsync(InclusionQuery input, Actor actor, CancellationToken ct)
    {
        if (actor.IsNobody() is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        var found = await ReadableEvents.ReadAsync(db, db.AuditEvents.AsNoTracking().Where(e => e.EventId == input.EventId), ct);
        // Whose it is, cannot be read either: only to an auditor is it said.
        if (found.Unreadable.Count > 0 && actor.Has(PortalRole.Auditor))
            return await UnreadableAsync(db, input.EventId, actor, ct);
        var happened = found.Events.SingleOrDefault();
        if (happened is null || !(actor.Has(PortalRole.Auditor) || (actor.Id is { } id && happened.ActorObjectId == id.ObjectId)))
            return new Refusal(RefusalCode.NotFound);
        if (happened.ActorObjectId is not { } who || who != actor.Id?.ObjectId)
            await reads.NoteAsync(db, new AuditRead(AuditReadKind.Proof, new AuditFilter()) { EventId = happened.EventId }, actor, ct);
        var leaf = await db.AuditLeaves.AsNoTracking().SingleOrDefaultAsync(l => l.EventId == input.EventId, ct);
        if (leaf is null)
            return await db.PendingSeals.AnyAsync(p => p.EventId == input.EventId, ct)
                ? new InclusionProof(input.EventId, ProofState.Waiting)
                : new InclusionProof(input.EventId, ProofState.Broken) { Fault = "It has no place in the log and waits for none: it was not written by the portal." };
        return await ProveAsync(db, happened, leaf, ct);
    }

    private async Task<InclusionProof> UnreadableAsync(PortalDb db, Guid id, Actor actor, CancellationToken ct)
    {
        await reads.NoteAsync(db, new AuditRead(AuditReadKind.Proof, new AuditFilter()) { EventId = id }, actor, ct);
        return new InclusionProof(id, ProofState.Broken)
        {
            Position = await db.AuditLeaves.Where(l => l.EventId == id).Select(l => (long?)l.Position).SingleOrDefaultAsync(ct),
            Fault = "It holds what the portal does not write: it was changed by other means, and cannot be read.",
        };
    }

    private static async Task<InclusionProof> ProveAsync(PortalDb db, AuditEvent happened, AuditLeaf leaf, CancellationToken ct)
    {
        var canonical = new CanonicalEvent().Take(happened);
        var hash = canonical.LeafHash();
        var proof = new InclusionProof(happened.EventId, ProofState.Waiting) { Position = leaf.Position, LeafHash = hash };
        var newest = await StoredCheckpoint.NewestAsync(db, ct);
        if (newest is null || newest.Size <= leaf.Position)
            return proof;
        var first = (await StoredCheckpoint.ReadAsync(db, db.AuditCheckpoints.Where(c => c.Size > leaf.Position).OrderBy(c => c.Size).Take(1), ct)).Single();
        if ((newest.Unreadable ?? first.Unreadable) is { } unreadable)
            return proof with { State = ProofState.Broken, Fault = unreadable };
        var (note, checkpoint) = (SignedNote.Parse(newest.Note)!, newest.Says!);
        var keys = await db.AuditKeys.AsNoTracking().Select(k => k.Vkey).ToListAsync(ct);
        if (!keys.Select(VerifierKey.Parse).Any(key => key is not null && note.IsSignedBy(key)))
            return proof with { State = ProofState.Broken, Fault = "The newest checkpoint is signed by none of the log's keys." };
        try
        {
            var path = MerkleTree.InclusionPath(leaf.Position, checkpoint.Size);
            var hashes = await LogTiles.HashesAsync(db, [new LeafRange(leaf.Position, leaf.Position + 1), .. path], ct);
            proof = proof with { Hashes = [.. hashes.Skip(1)], Note = newest.Note, Since = first.Time };
            if (!hash.AsSpan().SequenceEqual(hashes[0]))
                return proof with { State = ProofState.Broken, Fault = canonical.FirstChanged(leaf.FieldDigests) is { } field ? $"It was changed after it was sealed: {field.Name()}." : "It was changed after it was sealed." };
            return MerkleTree.Includes(hash, leaf.Position, checkpoint.Size, proof.Hashes, checkpoint.Root)
                ? proof with { State = ProofState.Verified }
                : proof with { State = ProofState.Broken, Fault = "The log's hashes do not lead to the signed root." };
        }
        catch (Exception damaged) when (damaged is InvalidDataException or ArgumentOutOfRangeException)
        {
            return proof with { State = ProofState.Broken, Fault = damaged.Message };
        }
    }
}
