using OpenIddict.Server;
using Portal.Sandbox.Company;

namespace Portal.Sandbox.Entra;

/// <summary>What one token request will give, decided once and used for every token in the answer.</summary>
/// <param name="User">The person; null when the application acts as itself.</param>
/// <param name="Client">Who asks.</param>
/// <param name="Resource">What for.</param>
/// <param name="Scopes">Delegated permissions.</param>
/// <param name="Acrs">Authentication contexts that the person satisfied at sign-in.</param>
internal sealed record TokenPlan(DirectoryUser? User, DirectoryServicePrincipal Client, RequestedScopes Resource, IReadOnlyList<string> Scopes, IReadOnlyList<string> Acrs)
{
    private const string Key = "sandbox:token-plan";

    public static TokenPlan? Of(OpenIddictServerTransaction transaction) => transaction.GetProperty<TokenPlan>(Key);

    public void Attach(OpenIddictServerTransaction transaction) => transaction.SetProperty(Key, this);
}
