using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Identity;

/// <summary>A sign-in that ends.</summary>
/// <param name="Id">Which.</param>
/// <param name="ExpiresAt">When it would have run out by itself; of one that is ended, when the last of its cookies has.</param>
public sealed record SignInEnd(Guid Id, DateTimeOffset ExpiresAt);

/// <summary>Ends a sign-in for every instance, and records that somebody signed out. One that has ended already stays as it is.</summary>
public sealed class EndSignIn(IDbContextFactory<PortalDb> databases, ClockWatch clock)
{
    /// <summary>Ends it. Needs no role: whoever signed in may sign out.</summary>
    public Task<Result<Done>> ExecuteAsync(SignInEnd input, Actor actor, CancellationToken ct)
    {
        if (actor.Id is null)
            throw new ArgumentException("Only someone with an identity signs out.", nameof(actor));
        return databases.RunAsync<Result<Done>>(async db =>
        {
            var now = clock.Now();
            if (await db.EndedSignIns.AnyAsync(e => e.Id == input.Id, ct))
                return default(Done);
            db.EndedSignIns.Add(new EndedSignIn(input.Id, input.ExpiresAt));
            // Rows come by signing out alone, so whoever signs out takes away what says nothing any more.
            db.EndedSignIns.RemoveRange(await db.EndedSignIns.Where(e => e.ExpiresAt < now).OrderBy(e => e.ExpiresAt).Take(100).ToListAsync(ct));
            await RecordSignIn.AddAsync(db, SignInStep.Out, actor, now, ct);
            await db.SaveChangesAsync(ct);
            return default(Done);
        }, ct);
    }
}
