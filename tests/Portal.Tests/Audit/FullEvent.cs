using Portal.Core.Audit;
using Portal.Core.Identity;

namespace Portal.Tests.Audit;

/// <summary>All that an event can say, none of it left out.</summary>
internal static class FullEvent
{
    public static (Actor Actor, AuditSubject About, AuditDetail Detail) Parts(Guid id, string comment, DateTimeOffset at)
    {
        var actor = new Actor(ActorKind.Person, new PrincipalId(id, id), "Ada", null, new HashSet<PortalRole> { PortalRole.Auditor }, new HashSet<Guid>())
        {
            OnBehalfOf = new PrincipalId(id, id),
            OnBehalfOfName = "Cyd",
            Client = new ClientInfo("192.0.2.7", "curl/8"),
            CorrelationId = "c0ffee",
        };
        var about = new AuditSubject
        {
            Principal = new PrincipalId(id, id),
            PrincipalName = "Ben",
            Scope = "/subscriptions/s",
            VaultName = "kv-a",
            SecretName = "db",
            RoleName = "Key Vault Secrets User",
            RequestId = id,
            RequestReference = "R-1",
            GrantId = id,
            PolicyName = "prod",
            PolicyVersion = 3,
        };
        return (actor, about, new AuditDetail("why", comment, "prov-1", at, at.AddHours(1)) { ProviderCorrelationId = "prov-2" });
    }
}
