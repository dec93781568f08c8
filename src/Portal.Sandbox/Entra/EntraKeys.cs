using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace Portal.Sandbox.Entra;

/// <summary>The key under which tokens are signed: made at start, never written down.</summary>
internal sealed class EntraKeys : IDisposable
{
    private readonly RSA _rsa = RSA.Create(2048);

    public EntraKeys()
    {
        Signing = new RsaSecurityKey(_rsa) { KeyId = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(20)) };
    }

    public RsaSecurityKey Signing { get; }

    public void Dispose() => _rsa.Dispose();
}
