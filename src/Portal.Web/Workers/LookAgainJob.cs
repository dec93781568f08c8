using Portal.Core.Grants;
using Portal.Core.Identity;
using Quartz;

namespace Portal.Web.Workers;

/// <summary>Has memberships and schedules read again, which no list of role assignments shows.</summary>
[DisallowConcurrentExecution]
public sealed class LookAgainJob(LookAgain lookAgain) : IJob
{
    /// <inheritdoc />
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        await lookAgain.ExecuteAsync(Actor.System, cancellationToken);
}
