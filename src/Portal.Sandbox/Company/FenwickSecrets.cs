using System.Collections.Immutable;
using Portal.Sandbox.KeyVault;

namespace Portal.Sandbox.Company;

/// <summary>The company's secrets. Every value is made up and holds the word <c>canary</c>, so that a leak can be searched for.</summary>
internal static class FenwickSecrets
{
    private const string ConnectionString = "text/plain; kind=connection-string";
    private const string ApiKey = "text/plain; kind=api-key";
    private const string Password = "text/plain; kind=password";
    private const string Json = "application/json";

    // 34 in the largest vault: more than one page of 25.
    private static readonly string[] Payments =
    [
        "acquirer-api-key", "acquirer-webhook-secret", "adyen-hmac-key", "adyen-merchant-api-key", "antifraud-api-key", "apple-pay-merchant-token", "bank-sftp-password",
        "bank-sftp-username", "card-vault-client-secret", "chargeback-mailbox-password", "currency-rates-api-key", "db-ledger-connection", "db-ledger-readonly-connection",
        "db-payments-connection", "db-payments-readonly-connection", "db-reporting-connection", "google-pay-gateway-key", "invoice-signing-passphrase", "klarna-api-password",
        "ledger-export-sas", "mandate-service-client-secret", "open-banking-client-secret", "payout-approver-token", "paypal-client-secret", "psp-fallback-api-key",
        "queue-settlement-connection", "redis-payments-connection", "reconciliation-bot-token", "refund-service-client-secret", "sepa-gateway-password", "settlement-report-sftp-key",
        "stripe-restricted-key", "stripe-webhook-secret", "tokenizer-hmac-key",
    ];

    private static readonly string[] Logistics =
    [
        "carrier-dhl-api-key", "carrier-gls-api-key", "carrier-ups-client-secret", "customs-declaration-certificate-passphrase", "db-shipments-connection", "db-stock-connection",
        "db-warehouse-connection", "edi-partner-password", "forklift-telemetry-token", "label-printer-admin-password", "maps-routing-api-key", "queue-dispatch-connection",
        "route-planner-client-secret", "scanner-fleet-enrolment-code", "warehouse-wifi-passphrase", "weather-api-key",
    ];

    private static readonly string[] Platform =
    [
        "backup-encryption-passphrase", "breakglass-vpn-password", "build-agent-registration-token", "dns-provider-api-token", "github-app-private-key", "grafana-admin-password",
        "log-shipper-api-key", "pagerduty-integration-key", "registry-pull-token", "smtp-relay-password", "terraform-state-sas", "tls-wildcard-passphrase",
    ];

    private static readonly string[] Legacy = ["erp-batch-password", "erp-db-connection", "erp-ftp-password", "erp-license-key", "erp-service-account"];

    private static readonly string[] PaymentsTest = ["acquirer-api-key", "adyen-merchant-api-key", "db-ledger-connection", "db-payments-connection", "paypal-client-secret", "stripe-restricted-key", "stripe-webhook-secret"];

    private static readonly string[] LogisticsTest = ["carrier-dhl-api-key", "db-shipments-connection", "db-stock-connection", "maps-routing-api-key", "queue-dispatch-connection", "weather-api-key"];

    public static void Seed(VaultState vaults, Random random, DateTimeOffset now)
    {
        Fill("kv-payments-prod", "payments", Payments);
        Fill("kv-logistics-prod", "logistics", Logistics);
        Fill("kv-platform-prod", "platform", Platform);
        Fill("kv-legacy-erp", "platform", Legacy);
        Fill("kv-payments-test", "payments", PaymentsTest);
        Fill("kv-logistics-test", "logistics", LogisticsTest);

        Expire("kv-payments-prod", "acquirer-api-key", 6);
        Expire("kv-payments-prod", "bank-sftp-password", 12);
        Expire("kv-logistics-prod", "customs-declaration-certificate-passphrase", 20);
        Expire("kv-platform-prod", "tls-wildcard-passphrase", 3);
        Expire("kv-payments-prod", "klarna-api-password", -9);
        Disable("kv-payments-prod", "psp-fallback-api-key");
        Disable("kv-logistics-prod", "edi-partner-password");
        // Replaced once, so that there is an older version to ask for.
        foreach (var name in new[] { "db-payments-connection", "stripe-restricted-key", "db-ledger-connection" }) Put("kv-payments-prod", "payments", name);
        foreach (var (vault, name) in new[] { ("kv-payments-prod", "old-gateway-password"), ("kv-logistics-test", "old-carrier-token") })
        {
            Put(vault, vault.Split('-')[1], name);
            vaults.Delete(vault, name, vault.EndsWith("-prod", StringComparison.Ordinal) ? 90 : 7);
        }

        void Fill(string vault, string team, string[] names)
        {
            foreach (var name in names) Put(vault, team, name);
        }

        void Put(string vault, string team, string name) => vaults.Set(vault, name, Value(vault, name, random), new SecretSettings
        {
            ContentType = ContentTypeOf(name),
            Tags = ImmutableSortedDictionary<string, string>.Empty.Add("team", team).Add("rotation", name.StartsWith("db-", StringComparison.Ordinal) ? "90d" : "manual"),
        });

        void Expire(string vault, string name, int days) =>
            vaults.Update(vault, name, null, s => s with { ExpiresOn = DateTimeOffset.FromUnixTimeSeconds(now.AddDays(days).ToUnixTimeSeconds()) });

        void Disable(string vault, string name) => vaults.Update(vault, name, null, s => s with { Enabled = false });
    }

    private static string Value(string vault, string name, Random random)
    {
        var part = new byte[12];
        random.NextBytes(part);
        var canary = $"canary-{Convert.ToHexStringLower(part)}";
        return ContentTypeOf(name) switch
        {
            ConnectionString => $"Server={vault}.db.fenwick.example;Database={name};User Id=app;Password={canary}",
            Json => $$"""{"note":"not a real secret","secret":"{{canary}}"}""",
            _ => $"not-real-{canary}",
        };
    }

    private static string? ContentTypeOf(string name) => name switch
    {
        _ when name.EndsWith("-connection", StringComparison.Ordinal) => ConnectionString,
        _ when name.EndsWith("-key", StringComparison.Ordinal) || name.EndsWith("-token", StringComparison.Ordinal) => ApiKey,
        _ when name.EndsWith("-password", StringComparison.Ordinal) || name.EndsWith("-passphrase", StringComparison.Ordinal) => Password,
        _ when name.EndsWith("-client-secret", StringComparison.Ordinal) => Json,
        // Some have none, as in any company.
        _ => null,
    };
}
