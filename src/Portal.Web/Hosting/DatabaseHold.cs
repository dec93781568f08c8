using Portal.Core.Data;

namespace Portal.Web.Hosting;

/// <summary>Keeps a database that serves one process for this one, from the start until the host is disposed or the process ends.</summary>
public sealed class DatabaseHold(PortalDatabase.Kind kind, IConfiguration configuration) : IDisposable
{
    private IDisposable? _held;

    /// <summary>Takes it, where the kind of database asks for that.</summary>
    /// <exception cref="DatabaseInUseException">Another process has it.</exception>
    public void Take() => _held ??= kind.Hold?.Invoke(PortalDatabase.ConnectionStringOf(configuration));

    /// <inheritdoc />
    public void Dispose() => _held?.Dispose();
}

/// <summary>Says so when the database belongs to another process.</summary>
public static class DatabaseHoldStart
{
    /// <summary>Takes the database, or says why not.</summary>
    /// <returns>True when another process has it and this one must not go on.</returns>
    public static bool IsDatabaseInUse(this WebApplication app, TextWriter output)
    {
        try
        {
            app.Services.GetRequiredService<DatabaseHold>().Take();
            return false;
        }
        catch (DatabaseInUseException inUse)
        {
            output.WriteLine("The portal cannot start:");
            output.WriteLine($"  {inUse.Message}");
            return true;
        }
    }
}
