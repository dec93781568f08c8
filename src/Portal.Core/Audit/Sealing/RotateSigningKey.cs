using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing;

/// <summary>Signs the log with a new key from now on. Everything that waits is sealed first; one checkpoint carries the signatures of both keys, and what was signed before stays verifiable with the old one.</summary>
public sealed class RotateSigningKey(IDbContextFactory<PortalDb> databases, SealEvents seal, SigningKeyFile keyFile, IDatabaseClock databaseClock, ClockWatch clock, TimeProvider timer)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>Changes keys. Records it in the trail.</summary>
    /// <returns>The new public key.</returns>
    /// <exception cref="SealingException">The log cannot be sealed.</exception>
    public async Task<Result<VerifierKey>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        SigningKey next;
        await using (var db = await databases.CreateDbContextAsync(ct))
        {
            // A change of keys that was cut off after the log was signed is finished first: its key lies where the next one is made. Without the key in use none is made.
            await seal.KeyInUseAsync(db, ct);
            next = keyFile.Prepare();
            new AuditTrail(db, actor, await clock.AskAsync(databaseClock, db, ct)).Record(AuditCode.SigningKeyRotated, AuditSubject.Nothing, new AuditDetail(Comment: next.Verifier.ToString()));
            await db.SaveChangesAsync(ct);
        }

        while (true)
        {
            var turn = (await seal.ExecuteAsync(new SealOrder(CheckpointNow: true) { Next = next }, Actor.System, ct)).Value;
            if (turn.Signed is not null)
                break;
            // Another instance seals: it is silent for a lease sooner or later, or stops.
            if (!turn.MoreIsPending)
                await Task.Delay(LookEvery, timer, ct);
        }

        keyFile.Adopt(next);
        return next.Verifier;
    }
}
