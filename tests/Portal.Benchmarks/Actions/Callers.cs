using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Portal.Benchmarks.World;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants.Pauses;
using Portal.Core.Requests;

namespace Portal.Benchmarks.Actions;

/// <summary>One caller until the time is over: how long each action took it in milliseconds, and how many of them were requests that were sent.</summary>
internal delegate Task<(List<double> Times, int Sent)> Call(ActionStage stage, ServiceProvider instance, int caller, long start, TimeSpan time);

/// <summary>What callers came to together.</summary>
/// <param name="Rate">Actions a second.</param>
/// <param name="Sent">How many of them were requests that were sent.</param>
/// <param name="Median">The middle one's milliseconds.</param>
/// <param name="P99">The milliseconds that one in a hundred exceeds.</param>
/// <param name="Processor">Milliseconds of this process's processor for each.</param>
internal sealed record Outcome(double Rate, double Sent, double Median, double P99, double Processor);

/// <summary>Callers that wait for each action before the next.</summary>
internal static class Callers
{
    /// <summary>Has callers of some instances call at once, with the sealer of each beside them where that is asked for.</summary>
    public static async Task<Outcome> SealedAsync(ActionStage stage, IReadOnlyList<ServiceProvider> instances, int callers, TimeSpan time, bool seals, Call call)
    {
        if (!seals)
            return await RunAsync(stage, instances, callers, time, call);
        await using var sealers = await ActionStage.SealAsync(instances);
        return await RunAsync(stage, instances, callers, time, call);
    }

    /// <summary>Has callers of some instances call at once.</summary>
    public static async Task<Outcome> RunAsync(ActionStage stage, IReadOnlyList<ServiceProvider> instances, int callers, TimeSpan time, Call call)
    {
        var (start, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var all = await Task.WhenAll(instances.SelectMany((instance, i) => Enumerable.Range(0, callers).Select(caller => Task.Run(() => call(stage, instance, (i * callers) + caller, start, time)))));
        var took = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var times = all.SelectMany(a => a.Times).ToList();
        return new Outcome(times.Count / took, all.Sum(a => a.Sent) / took, Report.Median(times), Report.Percentile(times, 0.99), (Environment.CpuUsage.TotalTime - used).TotalMilliseconds / times.Count);
    }

    /// <summary>Asks for a secret and takes it back, in turns.</summary>
    public static async Task<(List<double> Times, int Sent)> CallAsync(ActionStage stage, ServiceProvider instance, int caller, long start, TimeSpan time)
    {
        var (times, sent) = (new List<double>(), 0);
        var actor = ActionStage.Caller(caller);
        var draft = Draft(stage);
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            var at = Stopwatch.GetTimestamp();
            var asked = Worked(await instance.GetRequiredService<SubmitRequest>().ExecuteAsync(new RequestSubmission(Guid.NewGuid(), draft), actor with { CorrelationId = Guid.NewGuid().ToString("N") }, CancellationToken.None));
            times.Add(Report.Since(at));
            sent++;
            at = Stopwatch.GetTimestamp();
            Worked(await instance.GetRequiredService<WithdrawRequest>().ExecuteAsync(asked.RequestId, actor with { CorrelationId = Guid.NewGuid().ToString("N") }, CancellationToken.None));
            times.Add(Report.Since(at));
        }

        return (times, sent);
    }

    /// <summary>Tries what is an administrator's: of such attempts each is recorded.</summary>
    public static async Task<(List<double> Times, int Sent)> AttemptAsync(ActionStage stage, ServiceProvider instance, int caller, long start, TimeSpan time)
    {
        var times = new List<double>();
        var actor = ActionStage.Caller(caller);
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            var at = Stopwatch.GetTimestamp();
            var refused = await instance.GetRequiredService<PauseAccess>().ExecuteAsync(new PauseInput(PauseTarget.Everything, null, null, "Measuring"), actor with { CorrelationId = Guid.NewGuid().ToString("N") }, CancellationToken.None);
            if (refused.Succeeded)
                throw new InvalidOperationException("Somebody who is no administrator was let through.");
            times.Add(Report.Since(at));
        }

        return (times, 0);
    }

    private static RequestDraft Draft(ActionStage stage) =>
        new(stage.Secret, GrantableRole.SecretsUser.DefinitionId, null, TimeSpan.FromMinutes(30), "Checkout declines a card of a customer; comparing the key that the service uses with the one of the provider.", "OPS-4711");

    private static T Worked<T>(Result<T> result) => result.Succeeded ? result.Value : throw new InvalidOperationException($"Refused: {result.Refusals[0].Code}");
}
