using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing;

/// <summary>
/// Signs the log with a new key from now on. Everything that waits is sealed first; one checkpoint carries the signatures of both keys, and what was signed before stays verifiable with the old one.
/// A portal that seals meanwhile is not waited for: sealing is taken from it, and given back afterwards. Another change of keys is: of two at once, one comes after the other.
/// </summary>
public sealed class RotateSigningKey(IDbContextFactory<PortalDb> databases, SealEvents seal, SigningKeyFile keyFile, SealingOptions options, IDatabaseClock databaseClock, ClockWatch clock, TimeProvider timer, Random random)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    private readonly string _holder = AuditSealer.ChangerOfKeys(options.Holder);

    /// <summary>Changes keys. Records it in the trail, once what waited before is sealed and signed with the key in use: a store or a key that fails is found before anything is said.</summary>
    /// <returns>The new public key.</returns>
    /// <exception cref="SealingException">The log cannot be sealed.</exception>
    public async Task<Result<VerifierKey>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        await DemandKeyAsync(ct);
        while (true)
        {
            if (await ClaimAsync(actor, null, ct) && await SealAllAsync(null, ct) is not null)
            {
                // After the claim: whoever changed keys before has either put a key into use by now, or cannot do so any more.
                await DemandKeyAsync(ct);
                var next = keyFile.Prepare();
                if (await ClaimAsync(actor, next, ct) && await SealAllAsync(next, ct) is { Signed: not null })
                {
                    keyFile.Adopt(next);
                    await GiveBackAsync(ct);
                    return next.Verifier;
                }
            }

            // Another change of keys is under way, or this one was held up for longer than a lease and another took its turn: the log does not go by the new key. The other may have laid its own in its place, so the next try is with another. Not all at the same moment.
            await Task.Delay(LookEvery * (0.5 + random.NextDouble()), timer, ct);
        }
    }

    // A change of keys that was cut off after the log was signed is finished: its key lies where the next one is made. Without the key in use none is made.
    private async Task DemandKeyAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        await seal.KeyInUseAsync(db, ct);
    }

    /// <summary>Takes sealing from whoever does it now, but for another change of keys: two would take it from each other and neither come to its end. A portal that has something to do all the time would renew its lease for ever; what it has under way is not saved under the number that it read.</summary>
    /// <param name="actor">Who changes keys.</param>
    /// <param name="next">The key whose change is recorded with it; null for none.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>False when another change of keys is under way; it is gone when its lease has passed.</returns>
    private Task<bool> ClaimAsync(Actor actor, SigningKey? next, CancellationToken ct) => databases.RunAsync(async db =>
    {
        var now = await clock.AskAsync(databaseClock, db, ct);
        var sealer = await AuditSealer.ReadAsync(db.AuditSealers, ct);
        if (sealer.HasAnotherChangerOfKeys(_holder, now))
            return false;
        sealer.Claim(_holder, now);
        if (next is not null)
            new AuditTrail(db, actor, now).Record(AuditCode.SigningKeyRotated, AuditSubject.Nothing, new AuditDetail(Comment: next.Verifier.ToString()));
        await db.SaveChangesAsync(ct);
        return true;
    }, ct);

    /// <summary>Seals and signs until nothing waits.</summary>
    /// <returns>The last turn; null when another instance seals.</returns>
    private async Task<SealOutcome?> SealAllAsync(SigningKey? next, CancellationToken ct)
    {
        while (true)
        {
            var turn = (await seal.ExecuteAsync(new SealOrder(CheckpointNow: true) { Next = next, Holder = _holder }, Actor.System, ct)).Value;
            if (turn.ByAnother)
                return null;
            if (!turn.MoreIsPending)
                return turn;
        }
    }

    // The others need not wait for the lease to pass.
    private Task GiveBackAsync(CancellationToken ct) => databases.RunAsync(async db =>
    {
        var sealer = await AuditSealer.ReadAsync(db.AuditSealers, ct);
        if (sealer.Holder == _holder)
            sealer.Until = null;
        return await db.SaveChangesAsync(ct);
    }, ct);
}
