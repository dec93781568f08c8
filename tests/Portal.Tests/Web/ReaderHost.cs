using System.Security.Claims;
using System.Text.Json;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.JSInterop;
using MudBlazor.Services;
using Portal.Tests.World;
using Portal.Web.Audit;
using Portal.Web.Layout;
using Portal.Web.SignIn;

namespace Portal.Tests.Web;

/// <summary>Puts a page before a reader, over a real database.</summary>
internal static class ReaderHost
{
    /// <summary>Signs a person in and gives their pages a world.</summary>
    /// <param name="context">The components' context; nothing has been rendered in it.</param>
    /// <param name="reader">Who looks.</param>
    /// <param name="zone">The zone of their browser; UTC when left out.</param>
    public static async Task<PortalWorld> OpenForAsync(this BunitContext context, TestPerson reader, string zone = "UTC")
    {
        var world = await PortalWorld.OpenAsync();
        context.JSInterop.Mode = JSRuntimeMode.Loose;
        context.Services.AddLogging().AddLocalization();
        context.Services.AddMudServices();
        world.AddTo(context.Services);
        context.Services.AddLayout();
        context.Services.AddMemoryCache().AddSingleton<RecentStandings>().AddSingleton<OpenSignIns>().AddScoped<LiveChanges>().AddScoped<CurrentActor>().AddSingleton<ExportProgress>();
        context.Services.AddScoped(_ => new ReaderZone(new BrowserIn(zone)));
        context.AddAuthorization().SetAuthorized(reader.Upn).SetRoles([.. reader.Roles.Select(role => role.ToString())]).SetClaims(
            new Claim("tid", Company.Tenant.ToString()),
            new Claim("oid", reader.ObjectId.ToString()),
            new Claim("name", reader.Name));
        context.SetRendererInfo(new RendererInfo("Server", isInteractive: true));
        return world;
    }

    /// <summary>A browser that tells its time zone, and nothing else.</summary>
    private sealed class BrowserIn(string zone) : IJSRuntime, IJSObjectReference
    {
        public ValueTask<TValue> InvokeAsync<TValue>(string identifier, object?[]? args) => ValueTask.FromResult(identifier switch
        {
            "Intl.DateTimeFormat" => (TValue)(object)this,
            "resolvedOptions" => JsonSerializer.Deserialize<TValue>($$"""{"timeZone":"{{zone}}"}""", JsonSerializerOptions.Web)!,
            _ => throw new JSException(identifier),
        });

        public ValueTask<TValue> InvokeAsync<TValue>(string identifier, CancellationToken cancellationToken, object?[]? args) => InvokeAsync<TValue>(identifier, args);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>Where the reader is now: path and query.</summary>
    public static string Address(this BunitContext context) => new Uri(context.Services.GetRequiredService<NavigationManager>().Uri).PathAndQuery;

    /// <summary>Goes to an address before a page is rendered.</summary>
    public static void GoTo(this BunitContext context, string address) => context.Services.GetRequiredService<NavigationManager>().NavigateTo(address);
}
