using System.Reflection;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Tests.Architecture;

/// <summary>A use case is one sealed class whose ExecuteAsync is told who acts and can be cancelled.</summary>
public sealed class UseCaseShapeTests
{
    // It makes the actor out of a signed-in person.
    private static readonly string[] MakesTheActor = ["IdentifyActor"];

    [Fact]
    public void Every_use_case_is_told_who_acts()
    {
        var useCases = typeof(PortalDb).Assembly.GetTypes().Where(IsUseCase).ToList();
        Assert.InRange(useCases.Count, 20, 500);
        Assert.Empty(useCases.Where(t => !MakesTheActor.Contains(t.Name)).SelectMany(Violations));
    }

    [Fact]
    public void A_use_case_without_an_actor_or_not_sealed_is_found()
    {
        Assert.Equal(["Anonymous takes no actor"], Violations(typeof(Anonymous)));
        Assert.Equal(["Open is not sealed", "Open cannot be cancelled"], Violations(typeof(Open)));
    }

    private static bool IsUseCase(Type type) => type is { IsClass: true, IsAbstract: false } && type.GetMethod("ExecuteAsync", BindingFlags.Public | BindingFlags.Instance) is not null;

    private static IEnumerable<string> Violations(Type type)
    {
        var parameters = type.GetMethod("ExecuteAsync")!.GetParameters();
        if (!type.IsSealed)
            yield return $"{type.Name} is not sealed";
        if (parameters.All(p => p.ParameterType != typeof(Actor)))
            yield return $"{type.Name} takes no actor";
        if (parameters.All(p => p.ParameterType != typeof(CancellationToken)))
            yield return $"{type.Name} cannot be cancelled";
    }

    private sealed class Anonymous
    {
        public Task ExecuteAsync(string input, CancellationToken ct) => Task.FromResult((this, input, ct));
    }

    private class Open
    {
        public Task ExecuteAsync(Actor actor) => Task.FromResult((this, actor));
    }
}
