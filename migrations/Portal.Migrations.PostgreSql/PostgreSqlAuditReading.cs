using System.Data.Common;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Portal.Core.Audit.Exports;
using Portal.Core.Data;

namespace Portal.Migrations.PostgreSql;

/// <summary>Reads the audit trail from PostgreSQL as a binary COPY, the cheapest form for the server to send and for the portal to take apart.</summary>
public sealed partial class PostgreSqlAuditReading : IAuditReading
{
    private static readonly TimeSpan Answer = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public async Task ReadAsync(PortalDb db, IQueryable query, AuditRows into, CancellationToken ct)
    {
        await db.Database.OpenConnectionAsync(ct);
        try
        {
            var connection = (NpgsqlConnection)db.Database.GetDbConnection();
            await using var command = query.CreateDbCommand();
            var columns = string.Join(", ", AuditColumn.All.Select(column => column.Property).Append(IAuditReading.Position).Append(IAuditReading.FieldDigests).Select(column => $"piece.\"{column}\""));
            await using var copy = await connection.BeginRawBinaryCopyAsync($"COPY (SELECT {columns} FROM ({WithValues(db, connection, command)}) AS piece) TO STDOUT (FORMAT BINARY)", ct);
            await ReadAsync(copy, into, ct);
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }

    // Called off, the provider would only hang up, which a server notices when it next has something to say. So it is told to stop, and has a moment to answer.
    private static async Task ReadAsync(NpgsqlRawCopyStream copy, AuditRows into, CancellationToken ct)
    {
        using var hangUp = new CancellationTokenSource();
        var reading = new BinaryCopy(copy).ReadAsync(into, hangUp.Token);
        try
        {
            await reading.WaitAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested && !reading.IsCompleted)
        {
            hangUp.CancelAfter(Answer);
            await copy.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <summary>COPY takes no parameters, so each value is written into the text as the provider itself writes constants of its type.</summary>
    private static string WithValues(PortalDb db, NpgsqlConnection connection, DbCommand command)
    {
        // With the old meaning of backslashes a text could end elsewhere than where it was meant to.
        if (command.Parameters.Cast<NpgsqlParameter>().Any(parameter => parameter.Value is not ValueType) && connection.PostgresParameters.GetValueOrDefault("standard_conforming_strings") != "on")
            throw new InvalidOperationException("The PostgreSQL server has standard_conforming_strings off; the portal needs it on.");
        var mappings = db.GetService<IRelationalTypeMappingSource>();
        return Parameter().Replace(command.CommandText, match =>
            !match.Groups[1].Success ? match.Value
            : command.Parameters.Contains(match.Groups[1].Value) && command.Parameters[match.Groups[1].Value].Value is { } value and not DBNull
                ? mappings.GetMapping(value.GetType()).GenerateSqlLiteral(value)
                : throw new InvalidOperationException($"The query has no value for {match.Value}."));
    }

    // A name in quotes or a constant is passed over whole: what looks like a parameter in there is none.
    [GeneratedRegex("""(?:"[^"]*"|'[^']*')|@(\w+)""")]
    private static partial Regex Parameter();
}
