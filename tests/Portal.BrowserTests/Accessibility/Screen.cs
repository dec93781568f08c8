using Microsoft.AspNetCore.Routing.Template;
using Portal.BrowserTests.World;

namespace Portal.BrowserTests.Accessibility;

/// <summary>Something that a person can have in front of them.</summary>
/// <param name="Name">What it is, for the test's name.</param>
/// <param name="Template">The route template of the portal's page; null for a page of the sandbox.</param>
/// <param name="Who">Who looks at it; null for somebody who has not signed in.</param>
/// <param name="OpenAsync">Brings it up, with the dialogs and answers that belong to it.</param>
/// <param name="Complaint">What the browser rightly complains about there, such as a status; null for nothing.</param>
public sealed record Screen(string Name, string? Template, Person? Who, Func<Visitor, ScreenWorld, Task> OpenAsync, string? Complaint = null)
{
    /// <summary>Whether an address is one of this screen's page.</summary>
    public bool Matches(string url) =>
        Template is null || new TemplateMatcher(TemplateParser.Parse(Template.TrimStart('/')), []).TryMatch(new Uri(url).AbsolutePath, []);
}
