using Portal.Web.SignIn;

namespace Portal.Tests.SignIn;

public sealed class LocalUrlTests
{
    [Theory]
    [InlineData("/")]
    [InlineData("/requests?state=pending")]
    [InlineData("/requests#top")]
    public void A_local_address_is_kept(string url) => Assert.Equal(url, LocalUrl.OrHome(url));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("requests")]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("/a\\..\\\\evil.example")]
    [InlineData("/\t/evil.example")]
    [InlineData("/\n/evil.example")]
    [InlineData("https://evil.example/")]
    [InlineData("javascript:alert(1)")]
    [InlineData(" /requests")]
    public void What_may_lead_elsewhere_leads_home(string? url) => Assert.Equal("/", LocalUrl.OrHome(url));

    [Fact]
    public void An_address_beyond_reason_leads_home() => Assert.Equal("/", LocalUrl.OrHome("/" + new string('a', 2000)));
}
