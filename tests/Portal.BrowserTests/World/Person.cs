using Portal.Sandbox.Company;

namespace Portal.BrowserTests.World;

/// <summary>One of the five people of the sign-in page.</summary>
/// <param name="Id">Their object id in the sandbox's directory.</param>
/// <param name="Name">Their display name.</param>
public sealed record Person(Guid Id, string Name)
{
    /// <summary>Engineer of the payments team.</summary>
    public static Person Mira { get; } = new(FenwickCompany.Mira, "Mira Okafor");

    /// <summary>Engineer of the logistics team.</summary>
    public static Person Jonas { get; } = new(FenwickCompany.Jonas, "Jonas Lindqvist");

    /// <summary>Approves for payments, and is an engineer there.</summary>
    public static Person Priya { get; } = new(FenwickCompany.Priya, "Priya Raman");

    /// <summary>Administrator; approves for logistics and platform.</summary>
    public static Person Tomas { get; } = new(FenwickCompany.Tomas, "Tomás Herrera");

    /// <summary>Auditor.</summary>
    public static Person Ingrid { get; } = new(FenwickCompany.Ingrid, "Ingrid Vale");
}
