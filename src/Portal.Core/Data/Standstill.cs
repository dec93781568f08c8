using System.Data.Common;

namespace Portal.Core.Data;

/// <summary>Has PostgreSQL end a transaction in which nothing happens. An instance that stands still, or is cut off, in the middle of one would hold its rows, which nobody else can take over or decide on, until the server misses its connection, which can take hours.</summary>
/// <remarks>No transaction of the portal's waits for anything but the server. See decision 0048.</remarks>
public static class Standstill
{
    private const string Options = "Options";

    private const string Setting = "idle_in_transaction_session_timeout";

    /// <summary>For how long nothing may happen: a third of a lease, so that no lock holds what a lease does not hold any more.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>Adds the setting to a connection string for PostgreSQL.</summary>
    /// <param name="connectionString">The connection string. If it has the setting in its <c>Options</c>, or the environment in <c>PGOPTIONS</c>, that holds.</param>
    /// <returns>The connection string with it.</returns>
    public static string EndedBy(string connectionString)
    {
        var parts = new DbConnectionStringBuilder { ConnectionString = connectionString };
        var own = parts.TryGetValue(Options, out var given) ? given as string : Environment.GetEnvironmentVariable("PGOPTIONS");
        if (own?.Contains(Setting, StringComparison.Ordinal) == true)
            return connectionString;
        parts[Options] = FormattableString.Invariant($"{own} -c {Setting}={Longest.TotalMilliseconds:0}").TrimStart();
        return parts.ConnectionString;
    }
}
