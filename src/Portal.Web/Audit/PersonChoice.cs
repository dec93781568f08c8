using Portal.Core.Audit;
using Portal.Web.SignIn;

namespace Portal.Web.Audit;

/// <summary>A person who is chosen by typing a name: proposals while it is typed, one person when the form is sent.</summary>
internal sealed class PersonChoice(SearchPeople search, CurrentActor current)
{
    private int _turn;

    /// <summary>Who is proposed for what was typed last.</summary>
    public IReadOnlyList<PersonMatch> Matches { get; private set; } = [];

    /// <summary>What a proposal is called.</summary>
    public static string LabelOf(PersonMatch match) => match.UserPrincipalName is null ? match.DisplayName : $"{match.DisplayName} ({match.UserPrincipalName})";

    /// <summary>Looks for proposals. Where nobody is found the last ones stay.</summary>
    public async Task ProposeAsync(string? typed)
    {
        var mine = ++_turn;
        if (typed is not { Length: > 1 })
            return;
        var result = await search.ExecuteAsync(typed, await current.GetAsync(), CancellationToken.None);
        if (mine == _turn && result.Succeeded && result.Value.Count > 0)
            Matches = result.Value;
    }

    /// <summary>Who is meant: the proposal that was taken, or the only one who is found.</summary>
    /// <param name="typed">A name, or a proposal; not empty.</param>
    /// <returns>The object id; otherwise the key of what is wrong, in <see cref="Resources.AuditWords"/>.</returns>
    public async Task<(string? ObjectId, string? Problem)> ChooseAsync(string typed)
    {
        if (Matches.FirstOrDefault(match => LabelOf(match) == typed) is { } chosen)
            return (chosen.ObjectId.ToString("D"), null);
        var found = await search.ExecuteAsync(typed, await current.GetAsync(), CancellationToken.None);
        if (found.Succeeded && found.Value is [var only])
            return (only.ObjectId.ToString("D"), null);
        if (found.Succeeded)
            Matches = found.Value;
        return (null, found.Succeeded && found.Value.Count > 1 ? "Filter.PersonSeveral" : "Filter.PersonNone");
    }
}
