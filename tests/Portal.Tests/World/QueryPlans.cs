using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Portal.Tests.World;

/// <summary>How the database goes about each query that a use case really sends. SQLite knows no figures about its tables, so the plan is the same with ten rows and with ten million; PostgreSQL plans by what it knows of them, which a test has to bring about.</summary>
internal static class QueryPlans
{
    /// <summary>The steps of every plan on one table, in order.</summary>
    public static async Task<IReadOnlyList<string>> OnAsync(string table, PortalWorld world, Func<Task> useCase)
    {
        List<string> steps = [];
        world.DatabaseFaults.BreakCommand = command =>
        {
            if (command.CommandText.StartsWith("SELECT", StringComparison.Ordinal) && command.CommandText.Contains($"FROM \"{table}\"", StringComparison.Ordinal))
                steps.AddRange(Explain(command));
            return null;
        };
        await useCase();
        world.DatabaseFaults.BreakCommand = null;
        return steps;
    }

    private static List<string> Explain(DbCommand command)
    {
        using var explaining = command.Connection!.CreateCommand();
        explaining.CommandText = (command.Connection is SqliteConnection ? "EXPLAIN QUERY PLAN " : "EXPLAIN ") + command.CommandText;
        explaining.Transaction = command.Transaction;
        foreach (DbParameter given in command.Parameters)
        {
            var same = explaining.CreateParameter();
            (same.ParameterName, same.Value) = (given.ParameterName, given.Value);
            explaining.Parameters.Add(same);
        }

        List<string> steps = [];
        using var reader = explaining.ExecuteReader();
        while (reader.Read())
            steps.Add(reader.GetString(reader.FieldCount - 1));
        return steps;
    }
}
