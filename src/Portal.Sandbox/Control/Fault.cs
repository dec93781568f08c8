using System.Text.Json.Nodes;

namespace Portal.Sandbox.Control;

/// <summary>How a call goes wrong. Made with the static members.</summary>
public abstract record Fault
{
    private protected Fault()
    {
    }

    /// <summary>Answers this instead of the service.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="body">The body, or null for an empty one.</param>
    /// <param name="contentType">Type of the body.</param>
    /// <param name="afterEffect">True: the service carries the call out first, and its own answer is lost.</param>
    /// <param name="headers">Headers to set, such as Retry-After.</param>
    public static Fault Answer(int status, string? body, string contentType = "application/json", bool afterEffect = false, params (string Name, string Value)[] headers) =>
        new AnswerFault(status, body, contentType, afterEffect, headers);

    /// <summary>Answers an error in the form that all four services share: code and message.</summary>
    /// <param name="status">HTTP status; 200 is possible as well.</param>
    /// <param name="code">Error code.</param>
    /// <param name="message">Error message.</param>
    /// <param name="retryAfter">Value of Retry-After as it stands, seconds or a date; null for none.</param>
    /// <param name="afterEffect">True: the service carries the call out first.</param>
    public static Fault Error(int status, string code, string message = "The sandbox was told to fail.", string? retryAfter = null, bool afterEffect = false) =>
        Answer(status, new JsonObject { ["error"] = new JsonObject { ["code"] = code, ["message"] = message } }.ToJsonString(), "application/json; charset=utf-8", afterEffect,
            retryAfter is null ? [] : [("Retry-After", retryAfter)]);

    /// <summary>Answers an error as Blob Storage does: XML, and the code in a header too.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="code">Error code.</param>
    /// <param name="afterEffect">True: the service carries the call out first.</param>
    public static Fault Storage(int status, string code, bool afterEffect = false) => Answer(status, Portal.Sandbox.Storage.BlobException.Xml(code, "The sandbox was told to fail."), "application/xml", afterEffect, ("x-ms-error-code", code));

    /// <summary>Answers a page as a gateway in front of the service would.</summary>
    public static Fault Html(int status) => Answer(status, "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Our services aren't available right now</h1></body></html>", "text/html");

    /// <summary>Answers a status and nothing else.</summary>
    public static Fault Empty(int status) => Answer(status, null);

    /// <summary>Answers 401 with a demand for further claims, as continuous access evaluation does.</summary>
    /// <param name="claims">The claims request as JSON.</param>
    public static Fault ClaimsChallenge(string claims) => Answer(401,
        """{"error":{"code":"InvalidAuthenticationToken","message":"Continuous access evaluation resulted in challenge."}}""", "application/json", false,
        ("WWW-Authenticate", $"Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", error=\"insufficient_claims\", claims=\"{Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(claims))}\""));

    /// <summary>The service carries the call out and answers; half of the body arrives, then the connection breaks.</summary>
    public static Fault Truncated { get; } = new BreakFault(BreakPoint.InTheAnswer);

    /// <summary>The connection breaks before the service has done anything.</summary>
    public static Fault ResetBefore { get; } = new BreakFault(BreakPoint.BeforeTheEffect);

    /// <summary>The service carries the call out, then the connection breaks without an answer.</summary>
    public static Fault ResetAfter { get; } = new BreakFault(BreakPoint.AfterTheEffect);

    /// <summary>The call waits on the sandbox's clock, which passes with the real time and with every advance, and then goes on, even if the caller has left.</summary>
    public static Fault Delay(TimeSpan time) => new DelayFault(time);

    /// <summary>The call waits until a task is done, and then goes on, even if the caller has left: a late PUT.</summary>
    public static Fault HoldUntil(Task release) => new HoldFault(release);
}

internal sealed record AnswerFault(int Status, string? Body, string ContentType, bool AfterEffect, IReadOnlyList<(string Name, string Value)> Headers) : Fault;

internal sealed record BreakFault(BreakPoint Point) : Fault;

internal sealed record DelayFault(TimeSpan Time) : Fault;

internal sealed record HoldFault(Task Release) : Fault;

internal enum BreakPoint
{
    BeforeTheEffect,
    AfterTheEffect,
    InTheAnswer,
}
