using Portal.Core;
using Portal.Core.Grants;
using Portal.Sandbox.Control;
using Portal.Sandbox.ResourceManager;

namespace Portal.Tests.Azure;

/// <summary>Calls to Resource Manager share connections, and none of them waits for another one's answer.</summary>
public sealed class SharedConnectionsTests(SandboxCloud cloud) : IClassFixture<SandboxCloud>
{
    // More than a server commonly takes on one connection.
    private const int Many = 150;

    private static readonly ArmScope Secret = Portal.Sandbox.Company.FenwickEstate.SecretScope("kv-logistics-prod", "maps-routing-api-key");

    [Fact]
    public async Task Calls_that_hang_leave_room_for_others()
    {
        // Without room this never ends: the calls beyond it would not be sent before they are given up.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(2));
        var assignments = cloud.Get<IRoleAssignments>();
        Assert.Null(await assignments.FindAsync(Secret.Value, Guid.NewGuid(), patience.Token));
        var hanging = Guid.NewGuid();
        var release = new TaskCompletionSource();
        var held = cloud.Sandbox.Control.Faults.Add("GET", hanging.ToString(), Fault.HoldUntil(release.Task));
        var calls = Enumerable.Range(0, Many).Select(_ => assignments.FindAsync(Secret.Value, hanging, patience.Token)).ToList();
        while (held.Fired < Many)
            await Task.Delay(10, patience.Token);

        Assert.Null(await assignments.FindAsync(Secret.Value, Guid.NewGuid(), patience.Token));
        release.SetResult();
        // Whether each was still waited for does not matter here.
        await Task.WhenAny(Task.WhenAll(calls));
    }

    [Fact]
    public void A_connection_that_has_died_is_noticed_by_itself()
    {
        using var handler = Assert.IsType<SocketsHttpHandler>(CloudTransport.Sockets.CreateHandler());
        Assert.True(handler.EnableMultipleHttp2Connections);
        Assert.True(handler.KeepAlivePingDelay + handler.KeepAlivePingTimeout < TimeSpan.FromSeconds(30));
    }
}
