// Places to stand at: a phone without a map still has to send where it is.

/** [area, city, PIN code, latitude, longitude] */
export const PLACES = [
  ["Bandra West", "Mumbai", "400050", 19.0596, 72.8295],
  ["Andheri East", "Mumbai", "400069", 19.1155, 72.8727],
  ["Colaba", "Mumbai", "400005", 18.9067, 72.8147],
  ["Powai", "Mumbai", "400076", 19.1176, 72.906],
  ["Naupada", "Thane", "400602", 19.1893, 72.9718],
  ["Camp", "Pune", "411001", 18.5122, 73.8777],
  ["Shivajinagar", "Pune", "411005", 18.5308, 73.8475],
  ["Kothrud", "Pune", "411038", 18.5074, 73.8077],
  ["Hinjawadi", "Pune", "411057", 18.5913, 73.7389],
  ["Indiranagar", "Bengaluru", "560038", 12.9719, 77.6412],
  ["Koramangala", "Bengaluru", "560034", 12.9352, 77.6245],
  ["Whitefield", "Bengaluru", "560066", 12.9698, 77.75],
  ["Connaught Place", "New Delhi", "110001", 28.6315, 77.2167],
  ["Saket", "New Delhi", "110017", 28.5245, 77.2066],
  ["Dwarka", "New Delhi", "110075", 28.5921, 77.046],
  ["Cyber City", "Gurugram", "122002", 28.495, 77.0895],
  ["Sector 18", "Noida", "201301", 28.5708, 77.3261],
  ["Banjara Hills", "Hyderabad", "500034", 17.4156, 78.4347],
  ["HITEC City", "Hyderabad", "500081", 17.4435, 78.3772],
  ["T. Nagar", "Chennai", "600017", 13.0418, 80.2341],
  ["Adyar", "Chennai", "600020", 13.0012, 80.2565],
  ["Park Street", "Kolkata", "700016", 22.5535, 88.3522],
  ["Salt Lake", "Kolkata", "700091", 22.5867, 88.4171],
  ["Navrangpura", "Ahmedabad", "380009", 23.0365, 72.5611],
  ["C-Scheme", "Jaipur", "302001", 26.9096, 75.8035],
  ["Hazratganj", "Lucknow", "226001", 26.8506, 80.9462],
  ["Sector 17", "Chandigarh", "160017", 30.7398, 76.7827],
  ["Vijay Nagar", "Indore", "452010", 22.7533, 75.8937],
  ["Fort Kochi", "Kochi", "682001", 9.9658, 76.2422],
  ["Panaji", "Goa", "403001", 15.4909, 73.8278],
  ["Boring Road", "Patna", "800001", 25.6189, 85.1135],
  ["Saheed Nagar", "Bhubaneswar", "751007", 20.2883, 85.8443],
].map(([area, city, pin, latitude, longitude]) => ({ area, city, pin, latitude, longitude }));

/** The places that have every word of `query` in their area, city or PIN code. */
export function placesLike(query) {
  const words = query.toLowerCase().split(/[\s,]+/).filter(Boolean);
  return PLACES.filter((place) => {
    const said = `${place.area} ${place.city} ${place.pin}`.toLowerCase();
    return words.every((word) => said.includes(word));
  });
}
