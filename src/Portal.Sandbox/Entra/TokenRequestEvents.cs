using System.Collections.Concurrent;
using System.Security.Claims;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Portal.Sandbox.Company;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Portal.Sandbox.Entra;

/// <summary>The token endpoint: checks the client, and decides what is given to whom from the directory as it is now.</summary>
internal sealed class TokenRequestEvents(ClientRegistrations registrations, DirectoryState directory) :
    IOpenIddictServerHandler<ExtractTokenRequestContext>, IOpenIddictServerHandler<ValidateTokenRequestContext>, IOpenIddictServerHandler<HandleTokenRequestContext>
{
    private const string ScopeKey = "sandbox:scope";
    private static readonly TimeSpan RedeemedCodesKept = TimeSpan.FromHours(1);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _redeemed = new();

    public ValueTask HandleAsync(ExtractTokenRequestContext context)
    {
        // Entra reads scope with every grant and gives a refresh token's bearer tokens for other resources; plain OAuth does neither.
        context.Transaction.SetProperty(ScopeKey, context.Request?.Scope ?? "");
        if (context.Request is { } request) request.Scope = null;
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(ValidateTokenRequestContext context)
    {
        var client = registrations.Find(context.ClientId);
        if (client is null) Reject(context, EntraError.UnknownClient(context.ClientId));
        else if (string.IsNullOrEmpty(context.ClientSecret)) Reject(context, EntraError.SecretMissing());
        else if (!registrations.SecretMatches(client.AppId, context.ClientSecret)) Reject(context, EntraError.SecretWrong(client.AppId));
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(HandleTokenRequestContext context)
    {
        var client = registrations.Find(context.ClientId)!;
        var scope = context.Transaction.GetProperty<string>(ScopeKey)!;
        if (context.Request.IsClientCredentialsGrantType()) GiveToApplication(context, client, scope);
        else GiveToPerson(context, client, scope);
        return ValueTask.CompletedTask;
    }

    private void GiveToApplication(HandleTokenRequestContext context, DirectoryServicePrincipal client, string scope)
    {
        var (resource, error) = RequestedScopes.Parse(scope, directory);
        if (resource is { IsDefault: false }) error = EntraError.DefaultNeeded(scope);
        if (error is not null || resource is null)
        {
            Reject(context, error!);
            return;
        }

        new TokenPlan(null, client, resource, [], []).Attach(context.Transaction);
        var identity = new ClaimsIdentity("Sandbox");
        identity.AddClaim(new Claim(OpenIddictConstants.Claims.Subject, client.Id.ToString()));
        context.Principal = new ClaimsPrincipal(identity);
    }

    private void GiveToPerson(HandleTokenRequestContext context, DirectoryServicePrincipal client, string scope)
    {
        var person = SignedInPerson.From(context.Principal!);
        var user = directory.Find(person.ObjectId) as DirectoryUser;
        var (resource, error) = RequestedScopes.Parse(scope, directory);
        if (resource is { Names.Count: 0 })
        {
            // With no scope of a resource, what the sign-in asked for still holds: the first resource, where it asked for several.
            (var all, error) = RequestedScopes.ParseAll(person.Scope, directory);
            resource = all.Count > 0 ? all[0] : null;
        }

        IReadOnlyList<string> scopes = [];
        if (user is null) error = EntraError.AccountUnknown();
        else if (!user.AccountEnabled) error = EntraError.AccountDisabled();
        else if (ClaimsRequest.ContextsIn((string?)context.Request["claims"]).Except(person.Acrs).Any()) error = EntraError.StepUpNeeded();
        else if (error is null) (scopes, error) = resource!.Delegated(client);
        // Last, so that a refused attempt does not use the code up.
        if (error is null && context.Request.IsAuthorizationCodeGrantType() && !Redeem(person.CodeId)) error = EntraError.CodeRedeemed();
        if (error is not null)
        {
            Reject(context, error);
            return;
        }

        new TokenPlan(user, client, resource!, scopes, person.Acrs).Attach(context.Transaction);
        context.Principal = person.ToPrincipal();
    }

    private bool Redeem(string codeId)
    {
        var now = TimeProvider.System.GetUtcNow();
        foreach (var (code, at) in _redeemed)
            if (now - at > RedeemedCodesKept) _redeemed.TryRemove(code, out _);
        return _redeemed.TryAdd(codeId, now);
    }

    private static void Reject(BaseValidatingContext context, EntraError error) => context.Reject(error.Error, error.Description);
}
