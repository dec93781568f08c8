namespace Portal.Core.Policies;

/// <summary>Whether the policies that this process was started with are the ones in force. They are not while the database takes none: a portal that is started anew in an outage goes on with those of before, gives nothing by them, and takes back. Safe for several threads.</summary>
public sealed class PoliciesInForce
{
    private volatile bool _wait;

    /// <summary>Whether those of the configuration have still to be written.</summary>
    public bool Wait => _wait;

    /// <summary>The database did not take them.</summary>
    public void NotLoaded() => _wait = true;

    /// <summary>The database has taken them.</summary>
    public void Loaded() => _wait = false;
}
