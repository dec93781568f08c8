using Microsoft.Graph.Models;
using Microsoft.Kiota.Http.HttpClientLibrary.Middleware.Options;
using Portal.Azure.Connection;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;

namespace Portal.Azure.Memberships;

/// <summary>Grants as memberships in groups, through Microsoft Graph. Needs the application permission GroupMember.ReadWrite.All.</summary>
/// <remarks>A membership carries no mark: whose it is stands in the portal's row, which says that nobody was in before the first call was announced.</remarks>
internal sealed class GraphMemberships(CloudConnection connection) : IGrantProvider
{
    // As often as what does not show is written again: whoever restores the group brings the membership back.
    private static readonly TimeSpan DeletedAgain = TimeSpan.FromMinutes(10);

    public GrantProvider Kind => GrantProvider.GroupMembership;

    public async Task<AssignmentWritten> PutAsync(AssignmentTarget target, DateTimeOffset until, CancellationToken ct)
    {
        var reference = new ReferenceCreate { OdataId = new Uri(connection.GraphAddress, $"/v1.0/directoryObjects/{target.PrincipalId}").AbsoluteUri };
        try
        {
            var call = await CallAsync(heard => connection.Graph.Groups[GroupOf(target)].Members.Ref.PostAsync(reference, r => r.Options.Add(heard), ct), ct);
            return new AssignmentWritten(AssignmentWriteOutcome.Ours, call);
        }
        catch (CloudCallException e) when (IsAlreadyIn(e))
        {
            // By an earlier call whose answer was lost, or by somebody else whom the look before this call did not show yet.
            return new AssignmentWritten(AssignmentWriteOutcome.AlreadyThere, e.ProviderCall);
        }
        catch (CloudCallException e) when (CloudFaults.IsMissing(e))
        {
            // That the call was turned down is known, whatever becomes of the question why: where the group is deleted, that is another's to put right than a group that never was.
            if (await IsKnownToBeDeletedAsync(target, ct))
                throw new CloudCallException(AttentionCode.GroupDeleted, "The group is deleted and can still be restored. Nobody is put into it until it is.", 404, isTransient: false, providerCall: e.ProviderCall);
            throw;
        }
    }

    public async Task<ProviderCall> DeleteAsync(AssignmentTarget target, CancellationToken ct)
    {
        try
        {
            // The reference, never the object behind it.
            return await CallAsync(heard => connection.Graph.Groups[GroupOf(target)].Members[target.PrincipalId.ToString()].Ref.DeleteAsync(r => r.Options.Add(heard), ct), ct);
        }
        catch (CloudCallException e) when (CloudFaults.IsMissing(e))
        {
            return e.ProviderCall;
        }
    }

    public async Task<AssignmentReading> ReadAsync(AssignmentTarget target, DateTimeOffset? until, CancellationToken ct)
    {
        // Asked of the group and page by page: a filter on members is an "advanced query", answered from an index that lags behind.
        var members = connection.Graph.Groups[GroupOf(target)].Members;
        var trail = new PageTrail(connection.GraphAddress);
        DirectoryObjectCollectionResponse page;
        try
        {
            page = await AnswerAsync(() => members.GetAsync(r => { r.QueryParameters.Select = ["id"]; r.QueryParameters.Top = 999; }, ct), ct);
        }
        catch (CloudCallException e) when (CloudFaults.IsMissing(e))
        {
            return await ReadWithoutGroupAsync(target, ct);
        }

        while (true)
        {
            var found = page.Value ?? throw CloudFaults.Unreadable("A list without its items.");
            if (found.Exists(m => string.Equals(m.Id, target.PrincipalId.ToString(), StringComparison.OrdinalIgnoreCase)))
                return new AssignmentReading(ReadingKind.AsOrdered);
            if (trail.Next(page.OdataNextLink) is not { } next)
                return new AssignmentReading(ReadingKind.Missing);
            page = await AnswerAsync(() => members.WithUrl(next.AbsoluteUri).GetAsync(cancellationToken: ct), ct);
        }
    }

    /// <summary>Nobody is in a group that is not there. But one that was deleted comes back with its members when somebody restores it, for which they have thirty days.</summary>
    private async Task<AssignmentReading> ReadWithoutGroupAsync(AssignmentTarget target, CancellationToken ct) => await IsDeletedAsync(target, ct)
        ? throw new CloudCallException(AttentionCode.GroupDeleted, "The group is deleted and can still be restored; its members would be in it again. The portal looks again until it is restored or gone for good.", 404, isTransient: false, DeletedAgain)
        : new AssignmentReading(ReadingKind.Missing) { WithoutGroup = true };

    private async Task<bool> IsDeletedAsync(AssignmentTarget target, CancellationToken ct)
    {
        try
        {
            await AnswerAsync(() => connection.Graph.Directory.DeletedItems[GroupOf(target)].GetAsync(r => r.QueryParameters.Select = ["id"], ct), ct);
            return true;
        }
        catch (CloudCallException e) when (CloudFaults.IsMissing(e))
        {
            return false;
        }
    }

    // Where that cannot be asked now, it is not known to be.
    private async Task<bool> IsKnownToBeDeletedAsync(AssignmentTarget target, CancellationToken ct)
    {
        try
        {
            return await IsDeletedAsync(target, ct);
        }
        catch (Exception fault) when (fault is CloudCallException or OperationCanceledException)
        {
            return false;
        }
    }

    private static string GroupOf(AssignmentTarget target) =>
        (target.GroupId ?? throw new ArgumentException("A membership needs its group.", nameof(target))).ToString();

    // Graph has one code for every bad request; only the words tell this one.
    private static bool IsAlreadyIn(CloudCallException e) =>
        e.Status == 400 && e.Message.Contains("already exist", StringComparison.OrdinalIgnoreCase) && e.Message.Contains("members", StringComparison.OrdinalIgnoreCase);

    // The client gives no answer for what has no content; what was in its headers is left in the option.
    private static Task<ProviderCall> CallAsync(Func<HeadersInspectionHandlerOption, Task> call, CancellationToken ct) => CloudFaults.GuardAsync(async () =>
    {
        var heard = new HeadersInspectionHandlerOption { InspectResponseHeaders = true };
        await call(heard);
        return CloudFaults.CallOf(name => heard.ResponseHeaders.TryGetValue(name, out var values) ? values.FirstOrDefault() : null);
    }, ct);

    private static async Task<T> AnswerAsync<T>(Func<Task<T?>> call, CancellationToken ct) where T : class =>
        await CloudFaults.GuardAsync(call, ct) ?? throw CloudFaults.Unreadable("Graph answered with nothing.");
}
