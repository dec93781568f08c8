using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace Portal.Tests.World;

/// <summary>Runs a theory on SQLite and on PostgreSQL; the test takes the <see cref="DatabaseKind"/> as its first parameter. The one that is not to be had shows as skipped, with the reason.</summary>
/// <param name="cases">Further arguments: the test runs on both databases with each of them. None means the kind is the only parameter.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BothDatabasesAttribute(params object[] cases) : DataAttribute
{
    public override bool SupportsDiscoveryEnumeration() => true;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        var rows = new List<ITheoryDataRow>();
        foreach (var kind in Enum.GetValues<DatabaseKind>())
        {
            IEnumerable<object?[]> arguments = cases.Length == 0 ? [[kind]] : cases.Select(c => new object?[] { kind, c });
            rows.AddRange(arguments.Select(a => new TheoryDataRow(a!) { Skip = PortalDatabase.WhyUnavailable(kind) }));
        }

        return ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(rows);
    }
}
