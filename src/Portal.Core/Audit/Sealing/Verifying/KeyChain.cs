using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing.Verifying;

/// <summary>
/// Reads the keys of the database, and finds those that the portal did not enter. Each key of the log but the first was signed in by the one before it: the checkpoint of a rotation carries both signatures.
/// A key that shares no checkpoint with the others is somebody's own, with which they could sign what never was.
/// </summary>
internal sealed class KeyChain(PortalDb db, Findings findings)
{
    // Those that more than one key signed: as many as there were changes of keys.
    private readonly Dictionary<long, Signed> _together = [];
    private readonly List<VerifierKey> _keys = [];
    private (long Size, bool IsStored, SignedNote Note)? _last;

    /// <summary>Reads them.</summary>
    /// <returns>All keys of the database that are keys, those that were not entered by the portal included: what they signed is found by itself.</returns>
    public async Task<IReadOnlyList<VerifierKey>> ReadAsync(CancellationToken ct)
    {
        foreach (var text in await db.AuditKeys.AsNoTracking().OrderBy(k => k.Since).Select(k => k.Vkey).ToListAsync(ct))
            if (VerifierKey.Parse(text) is { } key)
                _keys.Add(key);
            else
                findings.Add("A key of the log in the database cannot be read.");
        return _keys;
    }

    /// <summary>Takes a checkpoint. Somebody who has the database can write a signature of their own beneath a checkpoint there: where a store has the checkpoint, what the store has counts.</summary>
    /// <param name="size">Its size.</param>
    /// <param name="note">The note.</param>
    /// <param name="isStored">Whether a store has it. Of one size, those come after that of the database.</param>
    public void Take(long size, SignedNote note, bool isStored)
    {
        if (_last is not { } last || size > last.Size || (size == last.Size && (isStored || !last.IsStored)))
            _last = (size, isStored, note);
        if (_together.TryGetValue(size, out var known))
        {
            if (isStored && !known.IsStored)
                _together[size] = new Signed([note], true);
            else if (isStored == known.IsStored)
                known.Notes.Add(note);
        }
        else if (note.Signatures.Count > 1)
            _together[size] = new Signed([note], isStored);
    }

    /// <summary>Names the keys that share no checkpoint with the others, once all checkpoints were taken.</summary>
    public IReadOnlyList<VerifyFinding> Foreign()
    {
        if (_keys.Count < 2)
            return [];
        // Whoever signed last is the portal's own: what the stores keep is not the database's to change.
        var linked = _last is { Note: var newest } ? SignersOf(newest) : [_keys[0]];
        var together = _together.Values.SelectMany(signed => signed.Notes).Where(note => note.Signatures.Count > 1).Select(SignersOf).ToList();
        while (together.Any(signers => signers.Overlaps(linked) && !signers.IsSubsetOf(linked)))
            foreach (var signers in together.Where(signers => signers.Overlaps(linked)))
                linked.UnionWith(signers);
        return [.. _keys.Where(key => !linked.Contains(key)).Select(key => new VerifyFinding($"The key {key} in the database signed no checkpoint together with another of the log's keys: it was not entered by the portal."))];
    }

    private HashSet<VerifierKey> SignersOf(SignedNote note) => [.. _keys.Where(note.IsSignedBy)];

    private sealed record Signed(List<SignedNote> Notes, bool IsStored);
}
