using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Portal.Core.Data;

/// <summary>A context's connection, for statements by hand. Open until it is disposed; whoever had it open already keeps it so.</summary>
public sealed class OpenConnection : IAsyncDisposable
{
    private readonly PortalDb _db;

    private OpenConnection(PortalDb db) => _db = db;

    /// <summary>Opens it.</summary>
    public static async Task<OpenConnection> OfAsync(PortalDb db, CancellationToken ct)
    {
        await db.Database.OpenConnectionAsync(ct);
        return new OpenConnection(db);
    }

    /// <summary>A statement with its values.</summary>
    public DbCommand Command(string text, params ReadOnlySpan<(string Name, object Value)> values)
    {
        var command = _db.Database.GetDbConnection().CreateCommand();
#pragma warning disable CA2100 // The texts are constants; what varies is a parameter.
        command.CommandText = text;
#pragma warning restore CA2100
        foreach (var (name, value) in values)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => new(_db.Database.CloseConnectionAsync());
}
