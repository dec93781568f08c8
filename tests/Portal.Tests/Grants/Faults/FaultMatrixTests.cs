using Portal.Tests.Sandbox;

namespace Portal.Tests.Grants.Faults;

// Every fault at every call is hundreds of cases that mostly wait: classes of their own run beside each other.
/// <summary>Every fault at every look at what a role is to be given at.</summary>
public sealed class TargetFaultMatrixTests(SandboxFixture sandbox) : FaultMatrix(sandbox), IClassFixture<SandboxFixture>
{
    public static TheoryData<string, string> Matrix { get; } = At("vault", "locks", "role definition");

    [Theory, MemberData(nameof(Matrix))]
    public Task One_fault_at_one_call(string site, string fault) => EndsRightAsync(site, fault);
}

/// <summary>Every fault at every look at those whom a grant rests on.</summary>
public sealed class DirectoryFaultMatrixTests(SandboxFixture sandbox) : FaultMatrix(sandbox), IClassFixture<SandboxFixture>
{
    public static TheoryData<string, string> Matrix { get; } = At("holder", "holder's roles", "holder's groups", "approver");

    [Theory, MemberData(nameof(Matrix))]
    public Task One_fault_at_one_call(string site, string fault) => EndsRightAsync(site, fault);
}

/// <summary>Every fault at every call that gives, takes back, or makes sure of it.</summary>
public sealed class AssignmentFaultMatrixTests(SandboxFixture sandbox) : FaultMatrix(sandbox), IClassFixture<SandboxFixture>
{
    public static TheoryData<string, string> Matrix { get; } = At("put", "read back", "delete", "read back gone");

    [Theory, MemberData(nameof(Matrix))]
    public Task One_fault_at_one_call(string site, string fault) => EndsRightAsync(site, fault);

    [Fact]
    public void Every_call_is_among_the_three_classes() => Assert.Equal(
        CloudSite.All.Select(s => s.Name).Order(),
        TargetFaultMatrixTests.Matrix.Concat(DirectoryFaultMatrixTests.Matrix).Concat(Matrix).Select(row => row.Data.Item1).Distinct().Order());
}
