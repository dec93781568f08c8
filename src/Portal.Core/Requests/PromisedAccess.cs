namespace Portal.Core.Requests;

/// <summary>Access that is approved and not there yet: its time has not come, it is being given, or a pause keeps it back.</summary>
/// <param name="StartsAt">From when it is promised.</param>
/// <param name="EndsAt">Until when.</param>
public sealed record PromisedAccess(DateTimeOffset StartsAt, DateTimeOffset EndsAt);
