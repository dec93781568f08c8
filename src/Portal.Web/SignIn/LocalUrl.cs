namespace Portal.Web.SignIn;

/// <summary>Addresses that someone else may have written, such as <c>returnUrl</c>.</summary>
public static class LocalUrl
{
    /// <summary>The address when it leads nowhere but to this portal, otherwise its home page.</summary>
    /// <remarks>Refuses absolute addresses, <c>//host</c>, <c>/\host</c>, and control characters, which browsers drop before they read the rest.</remarks>
    public static string OrHome(string? url)
    {
        if (url is not ['/', ..] || url.Length > 2000)
            return "/";
        if (url is [_, '/' or '\\', ..])
            return "/";
        foreach (var character in url)
            if (char.IsControl(character) || character == '\\')
                return "/";
        return url;
    }
}
