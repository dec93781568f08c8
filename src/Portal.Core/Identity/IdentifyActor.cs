namespace Portal.Core.Identity;

/// <summary>What a sign-in says of a person.</summary>
/// <param name="Id">Who they are.</param>
/// <param name="DisplayName">Their name in the token.</param>
/// <param name="UserPrincipalName">Their UPN in the token.</param>
/// <param name="TokenRoles">The app roles in the token.</param>
/// <param name="TokenGroups">The groups in the token; empty when there were too many for it.</param>
/// <param name="Client">From where they act.</param>
/// <param name="CorrelationId">The trace id of the command; null to make one up.</param>
public sealed record SignedInPerson(
    PrincipalId Id,
    string DisplayName,
    string? UserPrincipalName,
    IReadOnlySet<PortalRole> TokenRoles,
    IReadOnlySet<Guid> TokenGroups,
    ClientInfo Client,
    string? CorrelationId)
{
    /// <summary>When they signed in, which is when the token spoke; null when that is not known.</summary>
    public DateTimeOffset? SignedInAt { get; init; }
}

/// <summary>Makes the actor of a command from who is signed in and what the directory says of them now.</summary>
/// <remarks>The one use case without an actor: it is where actors come from. A token lives for an hour or more and a Blazor circuit for days, so what the token said is only the fallback for steps that take access away.</remarks>
public sealed class IdentifyActor(IDirectory directory)
{
    /// <summary>Makes the actor.</summary>
    public async Task<Actor> ExecuteAsync(SignedInPerson person, CancellationToken ct)
    {
        try
        {
            return Of(person, await directory.StandingOfAsync(person.Id, ct));
        }
        catch (CloudCallException)
        {
            // Not swallowed: an unconfirmed actor is refused by every use case that widens access, with a code that says so.
            return Of(person, null);
        }
    }

    /// <summary>The actor by what is known already. Commands are not given by it, but for those that only take away; they ask (<see cref="ExecuteAsync"/>).</summary>
    /// <param name="person">What the sign-in says.</param>
    /// <param name="standing">What the directory said; null when it was not asked or did not answer: the token has to do, and the actor is unconfirmed.</param>
    /// <param name="before">What it said earlier, but after the token, for when it does not answer now. It gives nothing, and takes away what the token has too much.</param>
    public static Actor Of(SignedInPerson person, Standing? standing, Standing? before = null) =>
        new(ActorKind.Person, person.Id, person.DisplayName, person.UserPrincipalName,
            standing?.Roles ?? Both(person.TokenRoles, before?.Roles), standing?.Groups ?? Both(person.TokenGroups, before?.Groups))
        {
            Enabled = (standing ?? before)?.Enabled ?? true,
            Confirmed = standing is not null,
            Client = person.Client,
            CorrelationId = person.CorrelationId ?? Guid.NewGuid().ToString("N"),
        };

    private static IReadOnlySet<T> Both<T>(IReadOnlySet<T> token, IReadOnlySet<T>? before) => before is null ? token : token.Where(before.Contains).ToHashSet();
}
