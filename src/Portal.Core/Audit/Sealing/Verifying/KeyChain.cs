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
    private readonly List<string> _inUse = [];
    private int _entered;
    private bool _wasChanged;
    private (long Size, bool IsStored, SignedNote Note)? _last;

    /// <summary>Reads them.</summary>
    /// <returns>All keys of the database that are keys, those that were not entered by the portal included: what they signed is found by itself.</returns>
    public async Task<IReadOnlyList<VerifierKey>> ReadAsync(CancellationToken ct)
    {
        // Whether there is an end, and not which: that may be no time.
        foreach (var entered in await db.AuditKeys.AsNoTracking().OrderBy(k => k.Since).Select(k => new { k.Vkey, InUse = k.Until == null }).ToListAsync(ct))
        {
            _entered++;
            if (entered.InUse)
                _inUse.Add(entered.Vkey);
            if (VerifierKey.Parse(entered.Vkey) is { } key)
                _keys.Add(key);
            else
                findings.Add("A key of the log in the database cannot be read.");
        }

        return _keys;
    }

    /// <summary>A checkpoint that no known key signed: the portal may have changed keys since they were read. Takes the keys that signed it, and no other: of a later one the checkpoints may have been read already.</summary>
    /// <returns>Whether there are such.</returns>
    public async Task<bool> ReadAgainAsync(SignedNote note, CancellationToken ct)
    {
        var signers = (await db.AuditKeys.AsNoTracking().OrderBy(k => k.Since).Select(k => k.Vkey).ToListAsync(ct)).Select(VerifierKey.Parse).OfType<VerifierKey>()
            .Where(key => !_keys.Contains(key) && note.IsSignedBy(key)).ToList();
        _keys.AddRange(signers);
        _wasChanged |= signers.Count > 0;
        return signers.Count > 0;
    }

    /// <summary>Whether a key of the database signed a note.</summary>
    public bool Knows(SignedNote note) => _keys.Any(note.IsSignedBy);

    /// <summary>Takes a checkpoint. Somebody who has the database can write a signature of their own beneath a checkpoint there: where a store has the checkpoint, what the store has counts.</summary>
    /// <param name="size">Its size.</param>
    /// <param name="note">The note.</param>
    /// <param name="isStored">Whether a store has it. Of one size, those come after that of the database.</param>
    /// <param name="isOurs">Whether a key of the database signed it: what anybody else did says nothing of the keys.</param>
    public void Take(long size, SignedNote note, bool isStored, bool isOurs)
    {
        if (!isOurs)
            return;
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

    /// <summary>Names the keys that share no checkpoint with the others, and what is wrong with which of them is in use, once all checkpoints were taken.</summary>
    public IReadOnlyList<VerifyFinding> Foreign()
    {
        var foreign = Strangers();
        var found = foreign.Select(key => new VerifyFinding($"The key {key} in the database signed no checkpoint together with another of the log's keys: it was not entered by the portal.")).ToList();
        if (_entered > 0 && _inUse.Count != 1)
            found.Add(new VerifyFinding(_inUse.Count == 0
                ? "No key of the log is in use in the database: the portal ends the use of one only with the beginning of the next. Nothing can be sealed."
                : $"The log has {_inUse.Count} keys in use in the database, and the portal uses one at a time. Nothing can be sealed."));
        // Which one is in use is of when the keys were read, and the newest checkpoint may be of later.
        else if (!_wasChanged && _inUse is [var text] && VerifierKey.Parse(text) is { } inUse && !foreign.Contains(inUse) && LastSigner() is { } signer && !signer.Equals(inUse))
            found.Add(new VerifyFinding($"The key {inUse} is in use in the database, and the newest checkpoint was signed by {signer}: somebody else changed which is in use, or signed with a key that no longer is."));
        return found;
    }

    // At a change both sign, the new key last.
    private VerifierKey? LastSigner() => _last is not { Note: var newest } ? null
        : newest.Signatures.Select(signature => _keys.Find((newest with { Signatures = [signature] }).IsSignedBy)).LastOrDefault(key => key is not null);

    private List<VerifierKey> Strangers()
    {
        if (_keys.Count < 2)
            return [];
        // Whoever signed last is the portal's own: what the stores keep is not the database's to change.
        var linked = _last is { Note: var newest } ? SignersOf(newest) : [_keys[0]];
        var together = _together.Values.SelectMany(signed => signed.Notes).Where(note => note.Signatures.Count > 1).Select(SignersOf).ToList();
        while (together.Any(signers => signers.Overlaps(linked) && !signers.IsSubsetOf(linked)))
            foreach (var signers in together.Where(signers => signers.Overlaps(linked)))
                linked.UnionWith(signers);
        return [.. _keys.Where(key => !linked.Contains(key))];
    }

    private HashSet<VerifierKey> SignersOf(SignedNote note) => [.. _keys.Where(note.IsSignedBy)];

    private sealed record Signed(List<SignedNote> Notes, bool IsStored);
}
