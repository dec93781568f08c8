using System.Resources;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Localization;
using Portal.Core.Audit;
using Portal.Core.Identity;
using Portal.Web.Audit;
using Portal.Web.Resources;

namespace Portal.Tests.Web;

/// <summary>Whatever can happen can be said.</summary>
public sealed class AuditWordsTests
{
    private static readonly ResourceManager Resources = new(typeof(AuditWords));

    private static readonly IStringLocalizer<AuditWords> Words =
        new ServiceCollection().AddLogging().AddLocalization().BuildServiceProvider().GetRequiredService<IStringLocalizer<AuditWords>>();

    public static TheoryData<string> Codes => [.. AuditCode.All.Select(code => code.Value)];

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_code_has_a_sentence_a_name_and_a_group(string code)
    {
        var sentence = Resources.GetString("Event." + code);
        Assert.False(string.IsNullOrWhiteSpace(sentence), $"Event.{code} has no words.");
        Assert.All(Regex.Matches(sentence!, @"\{[^}]*\}").Select(placeholder => placeholder.Value), placeholder => Assert.Matches(@"^\{[0-2]\}$", placeholder));
        Assert.False(string.IsNullOrWhiteSpace(Resources.GetString("Action." + code)), $"Action.{code} has no words.");
        Assert.False(string.IsNullOrWhiteSpace(Resources.GetString("Group." + code.Split('.')[0])), $"The group of {code} has no words.");
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void A_sentence_says_what_it_can_when_an_event_knows_little(string code)
    {
        var happened = new AuditEvent(AuditCode.All.Single(c => c.Value == code), AuditOutcome.Success, Actor.System, AuditSubject.Nothing, AuditDetail.None, DateTimeOffset.UnixEpoch);
        var text = EventWords.TextOf(happened, Words);
        Assert.DoesNotContain('{', text);
        Assert.True(text.Length > 5, text);
    }

    [Fact]
    public void Names_are_parts_of_their_own_and_braces_in_them_mean_nothing()
    {
        var ada = new Actor(ActorKind.Person, new PrincipalId(Guid.NewGuid(), Guid.NewGuid()), "Ada {1} {9}", null, new HashSet<PortalRole>(), new HashSet<Guid>());
        var happened = new AuditEvent(AuditCode.RequestApproved, AuditOutcome.Success, ada, new AuditSubject { PrincipalName = "Ben", VaultName = "kv-a", SecretName = "db" }, AuditDetail.None, DateTimeOffset.UnixEpoch);
        Assert.Equal(
            [new("Ada {1} {9}", true), new(" approved ", false), new("Ben", true), new("’s request for ", false), new("db in kv-a", true)],
            EventWords.SentenceOf(happened, Words));
    }

    [Fact]
    public void How_a_grant_ended_and_what_was_attempted_are_said()
    {
        var about = new AuditSubject { PrincipalName = "Ben", VaultName = "kv-a" };
        Assert.Equal("Ben’s access to the vault kv-a expired", EventWords.TextOf(new AuditEvent(AuditCode.GrantEnded, AuditOutcome.Success, Actor.System, about, new AuditDetail("Expired"), DateTimeOffset.UnixEpoch), Words));
        Assert.Equal("The portal tried to decide Ben’s request and may not", EventWords.TextOf(new AuditEvent(AuditCode.AttemptRefused, AuditOutcome.Refused, Actor.System, about, new AuditDetail("approval.own_request", "DecideRequest"), DateTimeOffset.UnixEpoch), Words));
    }
}
