using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Core.Grants;
using Portal.Web.Workers;

namespace Portal.Tests.Grants.Claims;

/// <summary>What a process works on is given up before its lease is over, whatever becomes of its renewals.</summary>
public sealed class HeldClaimsTests
{
    private static readonly GrantPace Pace = new();
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _clock = new();
    private readonly HeldClaims _held;
    private CancellationToken _limit;

    public HeldClaimsTests() => _held = new HeldClaims(Pace, _clock, NullLogger.Instance);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 5)]
    [InlineData(9, 0)]
    [InlineData(10, 9)]
    public async Task What_is_claimed_while_a_renewal_hangs_is_given_up_before_its_lease_is_over(int before, int during)
    {
        // The first is so many seconds old when the first renewal begins, and hangs like all later ones.
        var first = Claim();
        var lives = new List<(HeldClaim Held, DateTimeOffset Until)> { (first, _clock.GetUtcNow() + Pace.Lease) };
        _clock.Advance(before * Second);
        var (renewing, next) = (_held.RenewAsync(HangAsync, Ct), DateTimeOffset.MaxValue);
        for (var second = 0; second < 60; second++)
        {
            if (second == during)
                lives.Add((Claim(), _clock.GetUtcNow() + Pace.Lease));
            _clock.Advance(Second);
            if (_limit.IsCancellationRequested && next == DateTimeOffset.MaxValue)
            {
                await renewing;
                next = _clock.GetUtcNow() + _held.RenewEvery;
            }

            if (_clock.GetUtcNow() >= next)
                (renewing, next) = (_held.RenewAsync(HangAsync, Ct), DateTimeOffset.MaxValue);
            foreach (var (held, until) in lives)
                Assert.True(held.Lost.IsCancellationRequested || _clock.GetUtcNow() < until, $"It outlives its lease, {second} s after the renewal began.");
        }
    }

    [Fact]
    public async Task What_its_work_does_about_it_keeps_nothing_else_from_being_given_up()
    {
        // To cancel a statement the database's client may ask a server that does not answer.
        using var answers = new ManualResetEventSlim();
        var claims = new[] { Claim(), Claim(), Claim() };
        foreach (var held in claims)
            held.Lost.Register(() => answers.Wait(TimeSpan.FromMinutes(1), CancellationToken.None));
        _clock.Advance(Pace.Lease * 2 / 3);
        await _held.RenewAsync((_, _) => throw new IOException("The database is away."), Ct).WaitAsync(TimeSpan.FromSeconds(30), Ct);
        Assert.All(claims, held => Assert.True(held.Lost.IsCancellationRequested));
        answers.Set();
    }

    [Fact]
    public async Task What_can_wait_for_the_next_renewal_goes_on_when_one_fails()
    {
        var held = Claim();
        _clock.Advance(_held.RenewEvery);
        await _held.RenewAsync((_, _) => throw new IOException("The database is away."), Ct);
        Assert.False(held.Lost.IsCancellationRequested);
        _clock.Advance(_held.RenewEvery);
        await _held.RenewAsync((claims, _) => Task.FromResult(new RenewedClaims(claims.Select(c => c.AssignmentId).ToHashSet(), None)), Ct);
        _clock.Advance(_held.RenewEvery);
        await _held.RenewAsync((_, _) => throw new IOException("The database is away."), Ct);
        Assert.False(held.Lost.IsCancellationRequested);
        _clock.Advance(_held.RenewEvery);
        await _held.RenewAsync((_, _) => throw new IOException("The database is away."), Ct);
        Assert.True(held.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task What_the_database_does_not_know_as_held_any_more_is_given_up_and_what_is_claimed_again_too()
    {
        var (lost, kept, settled) = (Claim(), Claim(), Claim());
        await _held.RenewAsync((_, _) => Task.FromResult(new RenewedClaims(Only(kept), Only(settled))), Ct);
        // What its own turn gave back a moment ago is not lost: that turn has still to tell whoever looks at it.
        Assert.Equal((true, false, false), (lost.Lost.IsCancellationRequested, kept.Lost.IsCancellationRequested, settled.Lost.IsCancellationRequested));

        var again = _held.Begin(kept.Claim with { Fence = kept.Claim.Fence + 1 }, _clock.GetTimestamp(), Ct);
        Assert.Equal((true, false), (kept.Lost.IsCancellationRequested, again.Lost.IsCancellationRequested));
        // Whoever stops waits for the earlier turn too, until it has heard of it.
        Assert.Contains(kept, _held.All);
        Assert.False(kept.Work.IsCompleted);
        _held.End(kept);
        Assert.Contains(again, _held.All);
        Assert.DoesNotContain(kept, _held.All);
        Assert.True(kept.Work.IsCompleted);
    }

    private static readonly HashSet<Guid> None = [];

    private static HashSet<Guid> Only(HeldClaim held) => [held.Claim.AssignmentId];

    private HeldClaim Claim() => _held.Begin(new AssignmentClaim(Guid.NewGuid(), 1, "sub", false), _clock.GetTimestamp(), Ct);

    private async Task<RenewedClaims> HangAsync(IReadOnlyCollection<AssignmentClaim> claims, CancellationToken ct)
    {
        _limit = ct;
        var never = new TaskCompletionSource();
        await using var given = ct.Register(() => never.TrySetCanceled(ct));
        await never.Task;
        return new RenewedClaims(None, None);
    }
}
