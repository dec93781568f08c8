namespace Portal.Core.Requests;

/// <summary>How much one person may send. What is sent stays in the database and in the sealed trail for ever, also when it is withdrawn at once.</summary>
/// <param name="MostPerHour">How many requests within any hour; null for no limit.</param>
public sealed record RequestLimits(int? MostPerHour = RequestLimits.UsualPerHour)
{
    /// <summary>How many it is unless configured otherwise: more than anyone fills in forms for, and far less than a loop sends.</summary>
    public const int UsualPerHour = 60;

    /// <summary>The time within which they are counted.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromHours(1);
}
