using System.Buffers.Text;
using System.Text;
using OpenIddict.Server;
using Portal.Sandbox.Company;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Portal.Sandbox.Entra;

/// <summary>Gives the tokens, and the answer around them, the shape that Entra's clients know.</summary>
internal sealed class TokenShapeEvents(EntraClaims shape) : IOpenIddictServerHandler<GenerateTokenContext>, IOpenIddictServerHandler<ApplyTokenResponseContext>
{
    public ValueTask HandleAsync(GenerateTokenContext context)
    {
        if (TokenPlan.Of(context.Transaction) is not { } plan) return ValueTask.CompletedTask;

        Dictionary<string, object>? claims = null;
        var audience = plan.Resource.Audience;
        if (context.TokenType == TokenTypeIdentifiers.AccessToken)
        {
            claims = plan.User is { } user
                ? shape.Delegated(user, plan.Client, plan.Resource, plan.Scopes, plan.Acrs)
                : shape.Application(plan.Client, plan.Resource);
        }
        else if (context.TokenType == TokenTypeIdentifiers.IdentityToken)
        {
            claims = shape.IdToken(plan.User!, plan.Client, plan.Acrs);
            if (context.Principal.FindFirst(Claims.Nonce) is { } nonce) claims[Claims.Nonce] = nonce.Value;
            audience = plan.Client.AppId.ToString();
        }

        if (claims is null) return ValueTask.CompletedTask;
        var descriptor = context.SecurityTokenDescriptor;
        descriptor.Subject = null;
        descriptor.Claims = claims;
        descriptor.Audiences.Clear();
        descriptor.Audience = audience;
        descriptor.NotBefore = descriptor.IssuedAt;
        descriptor.TokenType = "JWT";
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(ApplyTokenResponseContext context)
    {
        var response = context.Response;
        if (response.Error is not null)
        {
            EntraError.Complete(response, (string?)context.Request?["client-request-id"]);
            return ValueTask.CompletedTask;
        }

        if (TokenPlan.Of(context.Transaction) is not { } plan) return ValueTask.CompletedTask;
        response["ext_expires_in"] = response.ExpiresIn;
        // An application's answer names no scope.
        response.Scope = plan.User is null ? null : plan.Resource.Granted(plan.Scopes);
        if (plan.User is { } user && (string?)context.Request?["client_info"] == "1")
        {
            var info = $$"""{"uid":"{{user.Id}}","utid":"{{FenwickCompany.TenantId}}"}""";
            response["client_info"] = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(info));
        }

        return ValueTask.CompletedTask;
    }
}
