using System.Xml.Linq;

namespace Portal.Sandbox.Storage;

/// <summary>A refusal as Blob Storage words it.</summary>
internal sealed class BlobException(int status, string code, string message) : Exception(message)
{
    public int Status => status;

    public string Code => code;

    /// <summary>The size of the blob whose end a range is behind; null for any other refusal.</summary>
    public int? BehindSize { get; private init; }

    public string Body() => Xml(code, Message);

    public static string Xml(string code, string message) =>
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>" + new XElement("Error", new XElement("Code", code), new XElement("Message", message)).ToString(SaveOptions.DisableFormatting);

    public static BlobException AlreadyExists() => new(409, "BlobAlreadyExists", "The specified blob already exists.");

    public static BlobException Immutable() => new(409, "BlobImmutableDueToPolicy", "This operation is not permitted as the blob is immutable due to a policy.");

    public static BlobException NotFound() => new(404, "BlobNotFound", "The specified blob does not exist.");

    public static BlobException ContainerNotFound() => new(404, "ContainerNotFound", "The specified container does not exist.");

    public static BlobException NotPermitted() => new(403, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation using this permission.");

    public static BlobException MissingHeader(string name) => new(400, "MissingRequiredHeader", $"An HTTP header that's mandatory for this request is not specified: {name}.");

    public static BlobException MissingLength() => new(411, "MissingContentLengthHeader", "The Content-Length header was not specified.");

    public static BlobException InvalidHeader(string name) => new(400, "InvalidHeaderValue", $"The value for one of the HTTP headers is not in the correct format: {name}.");

    public static BlobException UnsupportedHeader(string name) => new(400, "UnsupportedHeader", $"One of the HTTP headers specified in the request is not supported: {name}.");

    public static BlobException InvalidRange(int size) => new(416, "InvalidRange", "The range specified is invalid for the current size of the resource.") { BehindSize = size };

    public static BlobException ConditionNotMet() => new(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.");

    public static BlobException NoSuchAddress() => new(400, "InvalidUri", "The requested URI does not represent any resource on the server.");

    public static BlobException InvalidName() => new(400, "InvalidResourceName", "The specified resource name contains invalid characters.");

    public static BlobException NameTooLong() => new(400, "OutOfRangeInput", "The specified resource name length is not within the permissible limits.");

    public static BlobException InvalidMetadata() => new(400, "InvalidMetadata", "The metadata specified is invalid. It has characters that are not permitted.");

    public static BlobException EmptyMetadataKey() => new(400, "EmptyMetadataKey", "The key for one of the metadata key-value pairs is empty.");

    public static BlobException InvalidQuery(string name) => new(400, "InvalidQueryParameterValue", $"Value for one of the query parameters specified in the request URI is invalid: {name}.");

    public static BlobException Verb() => new(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.");
}
